// connect-redis keeps sessions, as express-session has it do. Usage: node node_connect_redis.mjs redis|redis6 2|3 HOST PORT
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { check, end, introduce, load, restart, until } from "./life.mjs";

const [alias, version, host, port] = process.argv.slice(2);
const { createClient } = load(alias);
const { RedisStore } = load("connect-redis");
const session = load("express-session");

introduce("connect-redis", `on ${alias}, RESP${version}`);

const client = createClient({ RESP: Number(version), socket: { host, port: Number(port), reconnectStrategy: 10 } });
client.on("error", () => {});
await client.connect();
const store = new RedisStore({ client, prefix: "sess:", ttl: 100 });
const part = (name, body) => check(name, async () => {
  await client.flushAll();
  await body();
});

await part("set, get, touch, destroy", async () => {
  await store.set("one", { user: "päckchen", cookie: {} });
  assert.deepEqual(await store.get("one"), { user: "päckchen", cookie: {} });
  assert.equal(await client.ttl("sess:one"), 100);
  assert.equal(await store.get("absent"), null);
  const expires = new Date(Date.now() + 500_000).toISOString();
  await store.touch("one", { cookie: { expires } });
  assert.ok((await client.ttl("sess:one")) > 490);
  await store.set("short", { cookie: { expires } });
  assert.ok((await client.ttl("sess:short")) > 490);
  await store.destroy("one");
  assert.equal(await store.get("one"), null);
  await store.set("short", { cookie: { expires: new Date(0).toISOString() } });
  assert.equal(await store.get("short"), null);
});

await part("all, ids, length, clear", async () => {
  const names = Array.from({ length: 250 }, (_, at) => `s${at}`).sort();
  for (const name of names) await store.set(name, { name });
  await client.set("other", "stays");
  assert.equal(await store.length(), 250);
  assert.deepEqual((await store.ids()).sort(), names);
  const all = await store.all();
  assert.equal(all.length, 250);
  assert.ok(all.every(({ id, name }) => id === name));
  await store.clear();
  assert.equal(await store.length(), 0);
  assert.deepEqual(await store.all(), []);
  assert.equal(await client.get("other"), "stays");
});

await part("expiry", async () => {
  const brief = new RedisStore({ client, ttl: 1 });
  await brief.set("one", {});
  await until(async () => (await brief.get("one")) === null);
});

await part("in front of a web server", async () => {
  const handle = session({ store, secret: "s", resave: false, saveUninitialized: false, cookie: { maxAge: 100_000 } });
  const server = createServer((request, response) => handle(request, response, () => {
    request.session.visits = (request.session.visits ?? 0) + 1;
    response.end(String(request.session.visits));
  })).listen(0, "127.0.0.1");
  await once(server, "listening");
  const visit = async (cookie) => {
    const response = await fetch(`http://127.0.0.1:${server.address().port}/`, { headers: cookie ? { cookie } : {} });
    return [await response.text(), response.headers.get("set-cookie")?.split(";")[0]];
  };
  const [first, cookie] = await visit();
  assert.equal(first, "1");
  assert.equal((await visit(cookie))[0], "2");
  assert.equal((await visit(cookie))[0], "3");
  assert.equal((await visit())[0], "1");
  await client.flushDb();
  assert.equal((await visit(cookie))[0], "1");
  server.close();
});

await part("reconnect", async () => {
  await store.set("one", { lost: true });
  await restart();
  assert.equal(await store.get("one"), null);
  await store.set("one", { kept: true });
  assert.deepEqual(await store.get("one"), { kept: true });
});

client.destroy();
end();
