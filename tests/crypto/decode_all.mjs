// decode.mjs for many at once: one case on each line in, "+hex" or "-sentence" on each line out.

import { createInterface } from "node:readline";
import { open } from "./decode.mjs";

for await (const line of createInterface({ input: process.stdin })) {
  console.log(await open(JSON.parse(line)).then((out) => "+" + out, (error) => "-" + error.message));
}
