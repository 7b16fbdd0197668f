// Asks the pump behind a serial port for its name: node hello.mjs ./pump0
import { SerialPort } from "serialport";

// A zero to clear the line, then one HELLO frame (docs/reference/wire-protocol.md), ended by its zero.
const hello = "00020102010101010101010101021c010106010202020701010101010101010101010101010101010101010101053c5c320100";
const port = new SerialPort({ path: process.argv[2], baudRate: 115200 });
let run = Buffer.alloc(0);

function uncobs(bytes) { // each code byte says how far it is to the next zero
  const out = [];
  for (let at = 0; at < bytes.length; at += bytes[at]) out.push(...bytes.subarray(at + 1, at + bytes[at]), 0);
  return Buffer.from(out);
}

port.on("error", (error) => { console.error(error.message); process.exitCode = 1; });
port.on("data", (bytes) => {
  run = Buffer.concat([run, bytes]);
  if (run.at(-1) !== 0) return;
  const answer = uncobs(run.subarray(0, -1)).subarray(16, -5); // without header, CRC and the last zero
  const names = answer.subarray(1 + 4 + 2 + 4 + 16 + 16).toString("latin1").match(/[\w.-]+/g);
  console.log(`session ${answer.readUInt32LE(1)} with ${names.join(", ")}`);
  port.close();
});
port.write(Buffer.from(hello, "hex"));
