// Reads mails as a mail program does, with a parser that is not Python's: in, mails in base64; out, what is in each.
import PostalMime from "postal-mime";

let asked = "";
for await (const chunk of process.stdin) asked += chunk;
const read = [];
for (const mail of JSON.parse(asked)) {
  const { headers, from, to, cc, bcc, subject, messageId, text, html, attachments } = await PostalMime.parse(
    Buffer.from(mail, "base64"),
  );
  read.push({ headers, from, to, cc, bcc, subject, messageId, text, html, attachments: attachments.length });
}
process.stdout.write(JSON.stringify(read));
