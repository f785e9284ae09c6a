// Makes TypeScript types of an AsyncAPI document: node generate.mjs DOCUMENT FOLDER
import { TypeScriptFileGenerator } from "@asyncapi/modelina";
import { readFileSync } from "node:fs";

const [, , document, folder] = process.argv;
const generator = new TypeScriptFileGenerator({
  modelType: "interface", // plain objects: what JSON.parse gives is what the types describe
  enumType: "union",
  mapType: "record",
  rawPropertyNames: true, // `active_seconds`, as on the wire
});
await generator.generateToFiles(JSON.parse(readFileSync(document, "utf8")), folder, { exportType: "named" });
