// Writes docs/limits.md from the engine's own table of limits, so that the page cannot say what the code does not do.
//   node scripts/limits-page.mjs            exits with 1 where they differ
//   node scripts/limits-page.mjs --write    writes the page
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "./run.mjs";

const { limitsTable } = createRequire(import.meta.url)("../binding.cjs");
const number = (value) => value.toLocaleString("en-US");
const rows = JSON.parse(limitsTable()).map(({ name, unit, default: value, min, max, off, reached }) => {
  const inForce = value === 0 && off ? "off" : number(value);
  const range = `${number(min)} … ${number(max)}${off ? ", `false`" : ""}`;
  return `| \`${name}\` | ${unit} | ${inForce} | ${range} | ${reached} |`;
});

const page = `# Limits

Every limit is an option under \`limits\`, and has its default without being named. This page is written from the table in the code
(\`src/engine/limits.rs\`) by \`node scripts/limits-page.mjs --write\`; the tests compare the two.

| option | unit | default | may be | when it is reached |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
| \`clientRooms\` | rooms a user may hold | 0 | an integer from 0, or \`{ max, events?, defaultSubscriptions?, maxSize? }\` | \`PERMISSION_DENIED\` |
| \`trustProxy\` | | \`false\` | \`true\`, a number of proxies from 0 to 100, or a list of IP addresses and ranges (\`10.0.0.0/8\`) | |

- Servers of \`dialogue-rs/socket.io\` have other defaults of three: \`jsonDepth\` 1,000, \`hookTimeout\` 45,000, \`authBytes\` 1,000,000. What is about rooms, history, commands and the app means nothing there.
- They bind clients. What the program itself creates and triggers is its own matter, but for \`idLength\`, which room ids have too, and for \`joins\` and \`subscriptions\`, which
  count whoever asked for them: \`client.join()\` above the limit is a warning in the log.
- \`socket.maxHttpBufferSize\` (1,000,000 bytes) bounds one message on either transport, over all its fragments and attachments.
- A client of Socket.IO 2 (\`allowEIO3\`) that does not ping within \`pingInterval\` and \`pingTimeout\` together is closed.
- The commands of a connection that wait, for a hook for example, have at most 1 MiB together; from there on the connection is not read until some were answered.
- A message has at most 1,000 attachments, a connection at most 100 namespaces. The head of an HTTP request has at most 200 headers (431).
- \`trustProxy: true\` takes the first address of \`X-Forwarded-For\`, which a client can make up unless your proxy replaces the header. A list of
  proxies takes the last address that is not one of them ([deployment.md](deployment.md)).
- Where an address is counted, an IPv6 address counts as its /64. Behind a proxy that \`trustProxy\` does not name, all clients have one address: \`connectsPerAddress\` lets a hundred thousand of them
  come at once, and a thousand a second from then on.
`;

const path = join(root, "docs", "limits.md");
if (process.argv.includes("--write")) {
  writeFileSync(path, page);
} else if (!existsSync(path) || readFileSync(path, "utf8") !== page) {
  console.error("docs/limits.md differs from the engine's table; run: node scripts/limits-page.mjs --write");
  process.exitCode = 1;
}
