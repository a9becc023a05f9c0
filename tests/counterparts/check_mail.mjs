// What caniemail.com says that mail programs do not know of mails' HTML: in, { clients, mails }; out, for each mail the
// features and the clients that lack them.
import { caniemail } from "caniemail";

let asked = "";
for await (const chunk of process.stdin) asked += chunk;
const { clients, mails } = JSON.parse(asked);
const answers = mails.map((html) => {
  const lacking = {};
  for (const [client, issues] of caniemail({ clients, html }).issues.errors)
    for (const { title } of issues) (lacking[title] ??= new Set()).add(client);
  return Object.entries(lacking).map(([title, who]) => [title, [...who].sort()]);
});
process.stdout.write(JSON.stringify(answers));
