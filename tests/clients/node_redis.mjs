// redis (node-redis) lives its common life. Usage: node node_redis.mjs redis|redis6 2|3 HOST PORT
import assert from "node:assert/strict";
import { check, end, everyByte, fields, introduce, load, restart, until } from "./life.mjs";

const [alias, version, host, port] = process.argv.slice(2);
const { createClient, createClientPool, RESP_TYPES, WatchError } = load(alias);
const RESP = Number(version);
const options = { socket: { host, port: Number(port), reconnectStrategy: (tries) => Math.min(tries * 10, 500) }, RESP };

introduce(alias, `RESP${version}`);

const opened = [];
async function connect(more = {}) {
  const client = createClient({ ...options, ...more });
  client.on("error", () => {}); // it reconnects by itself; what it cannot do, a command will tell
  opened.push(client);
  return client.connect();
}

const client = await connect({ name: "node-redis" });
const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
const send = (...words) => client.sendCommand(words);
const part = (name, body) => check(name, async () => {
  await client.flushAll();
  await body();
});

await part("connect", async () => {
  assert.equal(await client.ping(), "PONG");
  assert.equal(await client.ping("päckchen"), "päckchen");
  assert.equal(await client.echo("hello"), "hello");
  assert.equal(await client.clientGetName(), "node-redis");
  const hello = await client.hello();
  assert.equal(Number(hello.proto), RESP);
  assert.equal(hello.mode, "standalone");
  const { resp, "lib-name": library } = fields(await send("CLIENT", "INFO"));
  assert.equal(resp, version);
  assert.match(library, /^node-redis/);
});

await part("values", async () => {
  assert.equal(await client.set("k", "v"), "OK");
  assert.equal(await client.get("k"), "v");
  assert.equal(await client.get("absent"), null);
  await client.set("schlüssel 🗝", "wert 💎");
  assert.equal(await client.get("schlüssel 🗝"), "wert 💎");
  const bytes = Buffer.from(everyByte, "latin1");
  await client.set(bytes, bytes);
  assert.deepEqual(await binary.get(bytes), bytes);
  await client.set("empty", "");
  assert.equal(await client.get("empty"), "");
  const large = "\r\n$-1".repeat(200_000);
  await client.set("large", large);
  assert.equal(await client.get("large"), large);
  assert.equal(await client.strLen("large"), large.length);
  assert.equal(await client.del("k"), 1);
  assert.equal(await client.del("k"), 0);

  assert.equal(await client.set("k", "1", { condition: "XX" }), null);
  assert.equal(await client.set("k", "1", { condition: "NX" }), "OK");
  assert.equal(await client.set("k", "2", { condition: "NX" }), null);
  assert.equal(await client.set("k", "3", { GET: true }), "1");
  assert.equal(await client.setNX("k", "4"), 0);
  assert.equal(await client.getSet("k", "5"), "3");
  assert.equal(await client.getDel("k"), "5");
  assert.equal(await client.append("k", "Hello"), 5);
  assert.equal(await client.append("k", " World"), 11);
  assert.equal(await client.getRange("k", -5, -1), "World");
  assert.equal(await client.setRange("k", 6, "there"), 11);
  assert.equal(await client.get("k"), "Hello there");
});

await part("expiry", async () => {
  await client.set("k", "v", { expiration: { type: "EX", value: 100 } });
  assert.equal(await client.ttl("k"), 100);
  await client.setEx("k", 200, "v");
  assert.equal(await client.ttl("k"), 200);
  await client.pSetEx("k", 300_000, "v");
  const left = await client.pTTL("k");
  assert.ok(left > 290_000 && left <= 300_000, left);
  assert.equal(await client.persist("k"), 1);
  assert.equal(await client.ttl("k"), -1);
  assert.equal(await client.ttl("absent"), -2);
  assert.equal(await client.expire("k", 100), 1);
  assert.equal(await client.expire("k", 50, "GT"), 0);
  assert.equal(await client.expireTime("k") > Date.now() / 1000 + 90, true);
  assert.equal(await client.getEx("k", { type: "PERSIST" }), "v");
  assert.equal(await client.ttl("k"), -1);
  assert.equal(await client.expireAt("k", 4_000_000_000), 1);
  assert.equal(await client.pExpireTime("k"), 4_000_000_000_000);
  await client.set("keeps", "1", { expiration: { type: "EX", value: 100 } });
  await client.set("keeps", "2", { expiration: "KEEPTTL" });
  assert.equal(await client.ttl("keeps"), 100);
  assert.equal(await client.pExpire("k", 1), 1);
  await until(async () => (await client.exists("k")) === 0);
  assert.equal(await client.get("k"), null);
});

await part("many", async () => {
  assert.equal(await client.mSet({ a: "1", b: "2", "ü": "3" }), "OK");
  assert.deepEqual(await client.mGet(["a", "absent", "ü", "b"]), ["1", null, "3", "2"]);
  assert.equal(await client.mSetNX([["c", "1"], ["a", "2"]]), 0);
  assert.equal(await client.exists(["a", "a", "c"]), 2);
  assert.equal(await client.touch(["a", "b", "c"]), 2);
  assert.equal(await client.del(["a", "c"]), 1);
  assert.equal(await client.unlink(["b", "ü"]), 2);
  assert.equal(await client.dbSize(), 0);
});

await part("numbers", async () => {
  assert.equal(await client.incr("n"), 1);
  assert.equal(await client.incrBy("n", 41), 42);
  assert.equal(await client.decr("n"), 41);
  assert.equal(await client.decrBy("n", 50), -9);
  assert.equal(await client.incrByFloat("f", 10.5), "10.5");
  assert.equal(await client.incrByFloat("f", -0.25), "10.25");
  await client.set("word", "w");
  await assert.rejects(client.incr("word"), { message: "ERR value is not an integer or out of range" });
});

await part("pool", async () => {
  const pool = createClientPool(options, { minimum: 2, maximum: 4 });
  pool.on("error", () => {});
  await pool.connect();
  await Promise.all(Array.from({ length: 200 }, () => pool.incr("n")));
  assert.equal(await pool.get("n"), "200");
  const name = await pool.execute(async (one) => {
    await one.clientSetName("one-of-the-pool");
    return one.clientGetName();
  });
  assert.equal(name, "one-of-the-pool");
  await pool.close();
});

await part("pipeline", async () => {
  await client.set("word", "w");
  const answers = await Promise.allSettled(Array.from({ length: 1000 }, (_, at) => (at === 500 ? client.incr("word") : client.incr("n"))));
  assert.equal(answers[500].status, "rejected");
  assert.equal(answers[500].reason.message, "ERR value is not an integer or out of range");
  assert.deepEqual(answers.filter(({ status }) => status === "fulfilled").map(({ value }) => value), Array.from({ length: 999 }, (_, at) => at + 1));
  assert.deepEqual(await client.multi().set("k", "v").get("k").get("absent").execAsPipeline(), ["OK", "v", null]);
});

await part("transaction", async () => {
  assert.deepEqual(await client.multi().set("k", "1").incr("k").get("k").mGet(["k", "absent"]).exec(), ["OK", 2, "2", ["2", null]]);
  const other = await connect();
  await client.watch("k");
  await other.set("k", "9");
  await assert.rejects(client.multi().set("k", "1").exec(), WatchError);
  assert.equal(await client.get("k"), "9");
  await client.watch("k");
  await client.unwatch();
  await other.set("k", "10");
  assert.deepEqual(await client.multi().incr("k").exec(), [11]);
  await client.watch("k");
  assert.deepEqual(await client.multi().incr("k").exec(), [12]);
  await assert.rejects(client.multi().set("x", "1").addCommand(["NOSUCH"]).exec());
  assert.equal(await client.exists("x"), 0);
  await other.close();
});

await part("scan", async () => {
  const wanted = Array.from({ length: 1000 }, (_, at) => `page:${at}`).sort();
  await client.mSet(wanted.map((key) => [key, "v"]));
  await client.mSet({ "user:1": "v", "user:2": "v" });
  const found = new Set();
  for await (const keys of client.scanIterator({ MATCH: "page:*", COUNT: 100 })) keys.forEach((key) => found.add(key));
  assert.deepEqual([...found].sort(), wanted);
  const strings = new Set();
  for await (const keys of client.scanIterator({ TYPE: "string" })) keys.forEach((key) => strings.add(key));
  assert.equal(strings.size, 1002);
  for await (const keys of client.scanIterator({ TYPE: "hash" })) assert.deepEqual(keys, []);
  assert.deepEqual((await client.keys("user:?")).sort(), ["user:1", "user:2"]);
});

await part("keys", async () => {
  await client.set("k", "v");
  assert.equal(await client.type("k"), "string");
  assert.equal(await client.type("absent"), "none");
  assert.equal(await client.rename("k", "l"), "OK");
  await assert.rejects(client.rename("k", "l"), { message: "ERR no such key" });
  await client.set("k", "w");
  assert.equal(await client.renameNX("k", "l"), 0);
  assert.equal(await client.copy("l", "m"), 1);
  assert.equal(await client.copy("k", "m"), 0);
  assert.equal(await client.copy("k", "m", { REPLACE: true }), 1);
  assert.deepEqual(await client.mGet(["k", "l", "m"]), ["w", "v", "w"]);
  assert.ok(["k", "l", "m"].includes(await client.randomKey()));
  assert.equal(await client.dbSize(), 3);
  assert.equal(await client.objectEncoding("k"), "embstr");
  assert.ok((await client.memoryUsage("k")) > 1);
});

await part("databases", async () => {
  await client.set("k", "zero");
  await client.select(1);
  try {
    assert.equal(await client.get("k"), null);
    await client.set("k", "one");
    await client.set("moves", "m");
    assert.equal(await client.move("moves", 0), 1);
    await client.flushDb();
    assert.equal(await client.dbSize(), 0);
    await client.set("k", "one");
  } finally {
    await client.select(0);
  }
  assert.deepEqual(await client.mGet(["k", "moves"]), ["zero", "m"]);
  const other = await connect({ database: 1 });
  assert.equal(await other.get("k"), "one");
  await client.swapDb(0, 1);
  assert.equal(await other.get("k"), "zero");
  await other.close();
  await assert.rejects(client.select(16), { message: "ERR DB index is out of range" });
});

await part("clients", async () => {
  const other = await connect({ name: "victim" });
  const id = await other.clientId();
  assert.ok(id > (await client.clientId()));
  const { id: mine } = await client.clientInfo();
  assert.equal(mine, await client.clientId());
  const all = await client.clientList();
  assert.equal(all.find((one) => one.id === id).name, "victim");
  assert.equal(await client.clientSetName("renamed"), "OK");
  assert.equal(await client.clientGetName(), "renamed");
  const gone = new Promise((resolve) => other.once("reconnecting", resolve));
  assert.equal(await client.clientKill({ filter: "ID", id }), 1);
  await gone;
  assert.equal(await other.ping(), "PONG");
  assert.notEqual(await other.clientId(), id);
  assert.equal(await other.clientGetName(), "victim");
  await other.close();
});

await part("server", async () => {
  const info = await client.info();
  for (const line of [/^redis_version:\d+\.\d+/m, /^loading:0\r$/m, /^# Keyspace\r$/m, /^used_memory:\d+\r$/m, /^role:master\r$/m]) assert.match(info, line);
  const [, major, minor] = /redis_version:(\d+)\.(\d+)/.exec(info);
  assert.ok(Number(major) > 7 || (Number(major) === 7 && Number(minor) >= 4), "as new as 7.4");
  assert.match(await client.info("server"), /tcp_port:/);
  assert.match((await client.configGet("maxmemory")).maxmemory, /^\d+$/);
  assert.equal(await client.configSet("timeout", "0"), "OK");
  assert.equal((await client.configGet(["timeout"])).timeout, "0");
  const commands = await client.command();
  assert.equal(commands.length, await client.commandCount());
  assert.deepEqual(["get", "scan", "watch", "client"].filter((name) => !commands.some((one) => one.name === name)), []);
  const [get] = await client.commandInfo(["get"]);
  assert.equal(get.name, "get");
  assert.equal(get.arity, 2);
  assert.ok(get.flags.has("readonly"));
  assert.ok(Math.abs(Number((await client.time())[0]) * 1000 - Date.now()) < 60_000);
});

await part("errors", async () => {
  await assert.rejects(send("NOSUCH", "thing"), { message: "ERR unknown command 'NOSUCH', with args beginning with: 'thing' " });
  await assert.rejects(send("GET"), { message: "ERR wrong number of arguments for 'get' command" });
  await assert.rejects(send("SET", "k", "v", "EX", "never"), { message: "ERR value is not an integer or out of range" });
  await assert.rejects(send("SET", "k", "v", "BOGUS"), { message: "ERR syntax error" });
  await assert.rejects(send("SET", "k", "v", "EX", "0"), { message: "ERR invalid expire time in 'set' command" });
  await assert.rejects(client.lPush("l", "v"));
  await assert.rejects(client.eval("return 1"));
  assert.equal(await client.ping(), "PONG");
});

await part("reconnect", async () => {
  await client.set("k", "before");
  await restart();
  assert.equal(await client.get("k"), null, "a cache begins empty");
  assert.equal(await client.set("k", "after"), "OK");
  assert.equal(await client.get("k"), "after");
  assert.match(fields(await send("CLIENT", "INFO")).resp, new RegExp(version));
});

for (const one of opened) if (one.isOpen) await one.close();
end();
