// node kaitai_compile.mjs DESCRIPTION.json FOLDER LANGUAGE...: compile a description, write the files that the compiler makes.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const compiler = createRequire(join(process.env.NODE_MODULES, "/"))("kaitai-struct-compiler");
const [description, folder, ...languages] = process.argv.slice(2);

for (const language of languages) {
  const files = await compiler.compile(language, JSON.parse(readFileSync(description)), null, false);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}
