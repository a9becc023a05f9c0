// Listens to Slack's Socket Mode with Slack's own client, and says on stdout what it hears, a JSON line each.
// Told by its first argument: {"appToken": ..., "apiUrl": ...}.
import { SocketModeClient } from "@slack/socket-mode";

const { appToken, apiUrl } = JSON.parse(process.argv[2]);
const client = new SocketModeClient({ appToken, clientOptions: { slackApiUrl: apiUrl }, pingPongLoggingEnabled: false });
const say = (said) => process.stdout.write(JSON.stringify(said) + "\n");

for (const kind of ["slash_commands", "interactive", "app_home_opened"]) {
  client.on(kind, async ({ ack, body, retry_num }) => {
    await ack();
    say({ heard: kind, text: body.text ?? null, retry: retry_num ?? null });
  });
}
client.on("connected", () => say({ heard: "connected" }));
await client.start();
