// What caniemail.com says that mail programs do not know of a mail's HTML: in, { clients, html }; out, the feature
// and the clients that lack it.
import { caniemail } from "caniemail";

let asked = "";
for await (const chunk of process.stdin) asked += chunk;
const { clients, html } = JSON.parse(asked);
const lacking = {};
for (const [client, issues] of caniemail({ clients, html }).issues.errors)
  for (const { title } of issues) (lacking[title] ??= new Set()).add(client);
process.stdout.write(JSON.stringify(Object.entries(lacking).map(([title, who]) => [title, [...who].sort()])));
