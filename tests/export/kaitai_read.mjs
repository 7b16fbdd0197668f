// node kaitai_read.mjs PARSER.js <lines of hexadecimal bytes: parse each as a frame, print one JSON object a line.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const modules = createRequire(join(process.env.NODE_MODULES, "/"));
const KaitaiStream = modules("kaitai-struct/KaitaiStream");

function load(path) {
  const module = { exports: {} };
  const needed = (name) => modules(name);
  new Function("require", "module", "exports", readFileSync(path, "utf8"))(needed, module, module.exports);
  return module.exports.PumpsimFrame;
}

// What a parser holds, without what it keeps for itself.
function plain(value) {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  // The runtime puts this character where bytes are no text, and says nothing.
  if (typeof value === "string" && value.includes("\ufffd")) throw new Error("not UTF-8");
  if (value === null || typeof value !== "object") return value;
  const seen = Object.entries(value).filter(([name]) => !name.startsWith("_"));
  return Object.fromEntries(seen.map(([name, each]) => [name, plain(each)]));
}

function read(Parser, bytes) {
  let frame;
  try {
    frame = new Parser(new KaitaiStream(bytes));
  } catch (error) {
    return { bad: String(error) };
  }
  const { version, flags, opcode, session, sequence, payload, mac } = frame;
  const header = plain({ version, flags, opcode, session, sequence, payload, mac });
  try {
    return { ...header, body: plain(frame.body) };
  } catch (error) {
    return { ...header, unreadable: String(error) };
  }
}

const Parser = load(resolve(process.argv[2]));
for (const line of readFileSync(0, "ascii").split("\n").slice(0, -1)) {
  console.log(JSON.stringify(read(Parser, new Uint8Array(Buffer.from(line, "hex")))));
}
