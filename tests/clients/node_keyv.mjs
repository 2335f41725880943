// @keyv/redis under keyv. Usage: node node_keyv.mjs 2|3 HOST PORT
import assert from "node:assert/strict";
import { check, end, introduce, load, restart, until } from "./life.mjs";

const [version, host, port] = process.argv.slice(2);
const { createClient, createKeyv } = load("@keyv/redis");

introduce("@keyv/redis", `RESP${version}`);

// Keyv swallows errors and says so in an event only, unless it is told to throw them.
const errors = [];
const connection = () => ({ RESP: Number(version), socket: { host, port: Number(port), reconnectStrategy: 10 } });
const make = (namespace) => {
  const keyv = createKeyv(connection(), { namespace, throwOnErrors: true });
  keyv.store.client.on("error", () => {});
  keyv.on("error", (error) => errors.push(error));
  return keyv;
};
const client = await createClient(connection()).on("error", () => {}).connect();
const plain = make();
const pages = make("pages");
const users = make("users");
const part = (name, body) => check(name, async () => {
  await client.flushAll();
  await body();
  assert.deepEqual(errors.splice(0), []);
});

await part("set, get, has, delete", async () => {
  assert.equal(await plain.set("k", { ü: [1, 2.5, null, "päckchen"] }), true);
  assert.deepEqual(await plain.get("k"), { ü: [1, 2.5, null, "päckchen"] });
  assert.equal(await plain.get("absent"), undefined);
  assert.equal(await plain.has("k"), true);
  assert.equal(await plain.has("absent"), false);
  assert.equal(await plain.delete("k"), true);
  assert.equal(await plain.delete("k"), false);
  await plain.set("bytes", Buffer.from([0, 13, 10, 255]));
  assert.deepEqual(await plain.get("bytes"), Buffer.from([0, 13, 10, 255]));
});

await part("ttl", async () => {
  await plain.set("long", "v", 100_000);
  const left = await client.pTTL("long");
  assert.ok(left > 90_000 && left <= 100_000, left);
  await plain.set("brief", "v", 20);
  await until(async () => (await client.exists("brief")) === 0);
  assert.equal(await plain.get("brief"), undefined);
});

await part("namespaces", async () => {
  await pages.set("k", "page");
  await users.set("k", "user");
  assert.equal(await client.exists(["pages::k", "users::k"]), 2);
  assert.equal(await pages.get("k"), "page");
  await pages.clear();
  assert.equal(await pages.get("k"), undefined);
  assert.equal(await users.get("k"), "user");
});

await part("many at once", async () => {
  const entries = Array.from({ length: 100 }, (_, at) => ({ key: `k${at}`, value: at, ttl: at % 2 ? 100_000 : undefined }));
  await users.setMany(entries);
  assert.deepEqual(await users.getMany(["k3", "absent", "k4"]), [3, undefined, 4]);
  assert.deepEqual(await users.hasMany(["k3", "absent"]), [true, false]);
  assert.ok((await client.ttl("users::k3")) > 90);
  assert.equal(await client.ttl("users::k4"), -1);
  const found = new Map();
  for await (const [key, value] of users.iterator()) found.set(key, value);
  assert.deepEqual(found, new Map(entries.map(({ key, value }) => [key, value])));
  assert.equal(await users.deleteMany(["k3", "k4", "absent"]), true);
  assert.deepEqual(await users.getMany(["k3", "k4", "k5"]), [undefined, undefined, 5]);
  await users.clear();
  assert.equal(await client.dbSize(), 0);
});

await part("reconnect", async () => {
  await users.set("k", "before");
  await restart();
  assert.equal(await users.get("k"), undefined);
  assert.equal(await users.set("k", "after"), true);
  assert.equal(await users.get("k"), "after");
  errors.length = 0; // it tells of the connection that it lost
});

for (const keyv of [plain, pages, users]) await keyv.disconnect();
await client.close();
end();
