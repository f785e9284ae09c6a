// Reads a JSON list of AsyncAPI documents from standard input; prints what AsyncAPI's own parser says of each, as JSON.
import { Parser } from "@asyncapi/parser";
import { text } from "node:stream/consumers";

const severities = ["error", "warning", "info", "hint"];
const parser = new Parser();

async function check(written) {
  const { document, diagnostics } = await parser.parse(written);
  const said = diagnostics.map(({ severity, code, path, message }) => ({
    severity: severities[severity],
    code,
    path: path.join("."),
    message,
  }));
  const read = document && {
    version: document.version(),
    channels: document.channels().all().map((channel) => channel.address()),
    messages: document.messages().all().map((message) => message.name()),
  };
  return { diagnostics: said, document: read ?? null };
}

const all = [];
for (const written of JSON.parse(await text(process.stdin))) all.push(await check(written));
console.log(JSON.stringify(all));
