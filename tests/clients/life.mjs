// What the node programs here share. The packages lie in tests/node; how a program tells what it saw, in living.py.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

export const load = createRequire(new URL("../node/", import.meta.url));

const say = (what) => console.log(JSON.stringify(what));
const input = createInterface({ input: process.stdin });

export function introduce(alias, version) {
  const { name, version: release } = JSON.parse(readFileSync(new URL(`../node/node_modules/${alias}/package.json`, import.meta.url)));
  say({ client: `${name} ${release}, ${version}, node ${process.version}` });
}

export async function check(name, part) {
  try {
    await part();
    say({ check: name });
  } catch (error) {
    const place = /\w+\.mjs:\d+/.exec(error.stack?.replace(/.*life\.mjs.*/g, ""))?.[0];
    say({ check: name, error: `${error.message} (${place})` });
  }
}

// Resolves when the server is there again.
export async function restart() {
  say({ restart: true });
  await once(input, "line");
}

// Asks until the answer is true: for what time alone brings about.
export async function until(answer) {
  const deadline = Date.now() + 10_000;
  while (!(await answer())) {
    if (Date.now() > deadline) throw new Error(`never true: ${answer}`);
  }
}

// The fields of CLIENT INFO or of a line of CLIENT LIST.
export const fields = (line) => Object.fromEntries(String(line).trim().split(" ").map((field) => field.split(/=(.*)/s, 2)));

export const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString("latin1");

// At the end, and when whoever started this is gone. A client's timers are not waited for.
export function end() {
  process.exit();
}
input.on("close", end);
