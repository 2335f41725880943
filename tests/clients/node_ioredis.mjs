// ioredis lives its common life. Usage: node node_ioredis.mjs ioredis|ioredis6 2|3 HOST PORT
import assert from "node:assert/strict";
import { once } from "node:events";
import { check, end, everyByte, fields, introduce, load, restart, until } from "./life.mjs";

const [alias, version, host, port] = process.argv.slice(2);
const { Redis } = load(alias);
const options = { host, port: Number(port), protocol: Number(version), retryStrategy: (tries) => Math.min(tries * 10, 500) };

introduce(alias, `RESP${version}`);

const opened = [];
function connect(more = {}) {
  const client = new Redis({ ...options, ...more });
  client.on("error", () => {}); // it reconnects by itself; what it cannot do, a command will tell
  opened.push(client);
  return client;
}

const client = connect({ connectionName: "ioredis" });
const part = (name, body) => check(name, async () => {
  await client.flushall();
  await body();
});

await part("connect", async () => {
  assert.equal(await client.ping(), "PONG");
  assert.equal(await client.ping("päckchen"), "päckchen");
  assert.equal(await client.echo("hello"), "hello");
  const { resp, name } = fields(await client.client("INFO"));
  assert.equal(resp, version);
  assert.equal(name, "ioredis");
});

await part("values", async () => {
  assert.equal(await client.set("k", "v"), "OK");
  assert.equal(await client.get("k"), "v");
  assert.equal(await client.get("absent"), null);
  await client.set("schlüssel 🗝", "wert 💎");
  assert.equal(await client.get("schlüssel 🗝"), "wert 💎");
  const bytes = Buffer.from(everyByte, "latin1");
  await client.set(bytes, bytes);
  assert.deepEqual(await client.getBuffer(bytes), bytes);
  await client.set("empty", "");
  assert.equal(await client.get("empty"), "");
  const large = "\r\n$-1".repeat(200_000);
  await client.set("large", large);
  assert.equal(await client.get("large"), large);
  assert.equal(await client.strlen("large"), large.length);
  assert.equal(await client.del("k"), 1);
  assert.equal(await client.del("k"), 0);

  assert.equal(await client.set("k", "1", "XX"), null);
  assert.equal(await client.set("k", "1", "NX"), "OK");
  assert.equal(await client.set("k", "2", "NX"), null);
  assert.equal(await client.set("k", "3", "GET"), "1");
  assert.equal(await client.setnx("k", "4"), 0);
  assert.equal(await client.getset("k", "5"), "3");
  assert.equal(await client.getdel("k"), "5");
  assert.equal(await client.append("k", "Hello"), 5);
  assert.equal(await client.append("k", " World"), 11);
  assert.equal(await client.getrange("k", -5, -1), "World");
  assert.equal(await client.substr("k", 0, 4), "Hello");
  assert.equal(await client.setrange("k", 6, "there"), 11);
  assert.equal(await client.get("k"), "Hello there");
});

await part("expiry", async () => {
  await client.set("k", "v", "EX", 100);
  assert.equal(await client.ttl("k"), 100);
  await client.setex("k", 200, "v");
  assert.equal(await client.ttl("k"), 200);
  await client.psetex("k", 300_000, "v");
  const left = await client.pttl("k");
  assert.ok(left > 290_000 && left <= 300_000, left);
  assert.equal(await client.persist("k"), 1);
  assert.equal(await client.ttl("k"), -1);
  assert.equal(await client.ttl("absent"), -2);
  assert.equal(await client.expire("k", 100), 1);
  assert.equal(await client.expire("k", 50, "GT"), 0);
  assert.ok((await client.expiretime("k")) > Date.now() / 1000 + 90);
  assert.equal(await client.getex("k", "PERSIST"), "v");
  assert.equal(await client.ttl("k"), -1);
  assert.equal(await client.pexpireat("k", 4_000_000_000_000), 1);
  assert.equal(await client.expiretime("k"), 4_000_000_000);
  await client.set("keeps", "1", "EX", 100);
  await client.set("keeps", "2", "KEEPTTL");
  assert.equal(await client.ttl("keeps"), 100);
  assert.equal(await client.pexpire("k", 1), 1);
  await until(async () => (await client.exists("k")) === 0);
  assert.equal(await client.get("k"), null);
});

await part("many", async () => {
  assert.equal(await client.mset({ a: "1", b: "2", "ü": "3" }), "OK");
  assert.deepEqual(await client.mget("a", "absent", "ü", "b"), ["1", null, "3", "2"]);
  assert.equal(await client.msetnx("c", "1", "a", "2"), 0);
  assert.equal(await client.exists("a", "a", "c"), 2);
  assert.equal(await client.touch("a", "b", "c"), 2);
  assert.equal(await client.del("a", "c"), 1);
  assert.equal(await client.unlink("b", "ü"), 2);
  assert.equal(await client.dbsize(), 0);
});

await part("numbers", async () => {
  assert.equal(await client.incr("n"), 1);
  assert.equal(await client.incrby("n", 41), 42);
  assert.equal(await client.decr("n"), 41);
  assert.equal(await client.decrby("n", 50), -9);
  assert.equal(await client.incrbyfloat("f", 10.5), "10.5");
  assert.equal(await client.incrbyfloat("f", -0.25), "10.25");
  await client.set("word", "w");
  await assert.rejects(client.incr("word"), { message: "ERR value is not an integer or out of range" });
});

// ioredis has no pool: who wants one duplicates a client.
await part("pool", async () => {
  const pool = Array.from({ length: 4 }, () => {
    const one = client.duplicate();
    opened.push(one);
    return one;
  });
  await Promise.all(Array.from({ length: 200 }, (_, at) => pool[at % 4].incr("n")));
  assert.equal(await pool[0].get("n"), "200");
  const blocks = connect({ enableAutoPipelining: true });
  assert.deepEqual(await Promise.all(["n", "absent", "n"].map((key) => blocks.get(key))), ["200", null, "200"]);
  for (const one of [...pool, blocks]) assert.equal(await one.quit(), "OK");
});

await part("pipeline", async () => {
  const pipeline = client.pipeline().set("word", "w");
  for (let at = 0; at < 1000; ++at) at === 500 ? pipeline.incr("word") : pipeline.incr("n");
  const answers = await pipeline.exec();
  assert.equal(answers.length, 1001);
  assert.equal(answers[501][0].message, "ERR value is not an integer or out of range");
  assert.deepEqual(answers.filter(([error]) => !error).slice(1).map(([, value]) => value), Array.from({ length: 999 }, (_, at) => at + 1));
});

await part("transaction", async () => {
  const done = await client.multi().set("k", "1").incr("k").get("k").mget("k", "absent").exec();
  assert.deepEqual(done, [[null, "OK"], [null, 2], [null, "2"], [null, ["2", null]]]);
  const other = connect();
  await client.watch("k");
  await other.set("k", "9");
  assert.equal(await client.multi().set("k", "1").exec(), null);
  assert.equal(await client.get("k"), "9");
  await client.watch("k");
  await client.unwatch();
  await other.set("k", "10");
  assert.deepEqual(await client.multi().incr("k").exec(), [[null, 11]]);
  await client.multi({ pipeline: false });
  assert.equal(await client.set("k", "0"), "QUEUED");
  assert.equal(await client.discard(), "OK");
  assert.equal(await client.get("k"), "11");
  await assert.rejects(client.multi().set("x", "1").call("NOSUCH").exec(), { message: /^EXECABORT Transaction discarded because of previous errors\.$/ });
  assert.equal(await client.exists("x"), 0);
  await other.quit();
});

await part("scan", async () => {
  const wanted = Array.from({ length: 1000 }, (_, at) => `page:${at}`).sort();
  await client.mset(...wanted.flatMap((key) => [key, "v"]), "user:1", "v", "user:2", "v");
  const gather = async (options) => {
    const found = new Set();
    for await (const keys of client.scanStream(options)) keys.forEach((key) => found.add(key));
    return [...found].sort();
  };
  assert.deepEqual(await gather({ match: "page:*", count: 100 }), wanted);
  assert.equal((await gather({ type: "string" })).length, 1002);
  assert.deepEqual(await gather({ type: "zset", count: 500 }), []);
  assert.deepEqual((await client.keys("user:?")).sort(), ["user:1", "user:2"]);
});

await part("keys", async () => {
  await client.set("k", "v");
  assert.equal(await client.type("k"), "string");
  assert.equal(await client.type("absent"), "none");
  assert.equal(await client.rename("k", "l"), "OK");
  await assert.rejects(client.rename("k", "l"), { message: "ERR no such key" });
  await client.set("k", "w");
  assert.equal(await client.renamenx("k", "l"), 0);
  assert.equal(await client.copy("l", "m"), 1);
  assert.equal(await client.copy("k", "m"), 0);
  assert.equal(await client.copy("k", "m", "REPLACE"), 1);
  assert.deepEqual(await client.mget("k", "l", "m"), ["w", "v", "w"]);
  assert.ok(["k", "l", "m"].includes(await client.randomkey()));
  assert.equal(await client.dbsize(), 3);
  assert.equal(await client.object("ENCODING", "k"), "embstr");
  assert.ok((await client.memory("USAGE", "k")) > 1);
});

await part("databases", async () => {
  await client.set("k", "zero");
  await client.select(1);
  try {
    assert.equal(await client.get("k"), null);
    await client.set("k", "one");
    await client.set("moves", "m");
    assert.equal(await client.move("moves", 0), 1);
    await client.flushdb();
    assert.equal(await client.dbsize(), 0);
    await client.set("k", "one");
  } finally {
    await client.select(0);
  }
  assert.deepEqual(await client.mget("k", "moves"), ["zero", "m"]);
  const other = connect({ db: 1 });
  assert.equal(await other.get("k"), "one");
  assert.equal(await client.swapdb(0, 1), "OK");
  assert.equal(await other.get("k"), "zero");
  await assert.rejects(other.select(16), { message: "ERR DB index is out of range" }); // it would try again with every connection
  other.disconnect();
});

await part("clients", async () => {
  const other = connect({ connectionName: "victim" });
  const id = await other.client("ID");
  assert.ok(id > (await client.client("ID")));
  const all = (await client.client("LIST")).trim().split("\n").map(fields);
  assert.equal(all.find((one) => one.id === String(id)).name, "victim");
  assert.equal(await client.client("SETNAME", "renamed"), "OK");
  assert.equal(await client.client("GETNAME"), "renamed");
  const ready = once(other, "ready");
  assert.equal(await client.client("KILL", "ID", id), 1);
  await ready;
  assert.equal(await other.ping(), "PONG");
  assert.notEqual(await other.client("ID"), id);
  assert.equal(await other.client("GETNAME"), "victim");
  await other.quit();
});

await part("server", async () => {
  const info = await client.info();
  for (const line of [/^redis_version:\d+\.\d+/m, /^loading:0\r$/m, /^# Keyspace\r$/m, /^used_memory:\d+\r$/m, /^role:master\r$/m]) assert.match(info, line);
  const [, major, minor] = /redis_version:(\d+)\.(\d+)/.exec(info);
  assert.ok(Number(major) > 7 || (Number(major) === 7 && Number(minor) >= 4), "as new as 7.4");
  assert.match(await client.info("server", "memory"), /maxmemory:/);
  const [name, value] = [await client.config("GET", "maxmemory")].flatMap((reply) => (Array.isArray(reply) ? reply : Object.entries(reply)[0]));
  assert.equal(name, "maxmemory");
  assert.match(value, /^\d+$/);
  assert.equal(await client.config("SET", "timeout", "0"), "OK");
  assert.equal((await client.command()).length, await client.command("COUNT"));
  assert.deepEqual(await client.command("GETKEYS", "MSET", "a", "1", "b", "2"), ["a", "b"]);
  assert.ok(Math.abs(Number((await client.time())[0]) * 1000 - Date.now()) < 60_000);
  await client.config("SET", "slowlog-log-slower-than", "0");
  await client.keys("slow");
  await client.config("SET", "slowlog-log-slower-than", "10000");
  const slow = await client.slowlog("GET");
  assert.ok(slow.some((entry) => entry[3].join(" ").toLowerCase() === "keys slow"), JSON.stringify(slow).slice(0, 300));
  assert.equal(await client.slowlog("RESET"), "OK");
});

await part("errors", async () => {
  await assert.rejects(client.call("NOSUCH", "thing"), { name: "ReplyError", message: "ERR unknown command 'NOSUCH', with args beginning with: 'thing' " });
  await assert.rejects(client.call("GET"), { message: "ERR wrong number of arguments for 'get' command" });
  await assert.rejects(client.set("k", "v", "EX", "never"), { message: "ERR value is not an integer or out of range" });
  await assert.rejects(client.set("k", "v", "BOGUS"), { message: "ERR syntax error" });
  await assert.rejects(client.setex("k", 0, "v"), { message: "ERR invalid expire time in 'setex' command" });
  await assert.rejects(client.lpush("l", "v"), { name: "ReplyError" });
  await assert.rejects(client.eval("return 1", 0), { name: "ReplyError" });
  assert.equal(await client.ping(), "PONG");
});

await part("reconnect", async () => {
  await client.set("k", "before");
  await restart();
  assert.equal(await client.get("k"), null, "a cache begins empty");
  assert.equal(await client.set("k", "after"), "OK");
  assert.equal(await client.get("k"), "after");
  const { resp, name } = fields(await client.client("INFO"));
  assert.equal(resp, version);
  assert.equal(name, "ioredis");
});

for (const one of opened) if (one.status !== "end") one.disconnect();
end();
