// Judges request bodies by Discord's own API description: in, [[schema, body], ...]; out, a list of complaints for each.
import * as z from "zod/mini";
import * as schemas from "discord-api-spec/zod";

let asked = "";
for await (const chunk of process.stdin) asked += chunk;
const complaints = JSON.parse(asked).map(([name, body]) => {
  const judged = z.safeParse(schemas[`${name}Schema`], body);
  return judged.success ? [] : judged.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
});
process.stdout.write(JSON.stringify(complaints));
