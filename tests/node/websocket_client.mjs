// The `ws` package against a running server. Usage: node websocket_client.mjs ws://HOST:PORT/v1/ws
// Prints one JSON line with what it saw; the Python test beside it asserts.
import WebSocket from "ws";

const [url] = process.argv.slice(2);
const seen = { text: [], binary: "", pong: false, closed: null };

const socket = new WebSocket(url, { perMessageDeflate: true }); // offered, and declined by the server
const opened = new Promise((resolve, reject) => { socket.once("open", resolve); socket.once("error", reject); });
const next = () => new Promise((resolve) => socket.once("message", (data, isBinary) => resolve({ data, isBinary })));

await opened;
seen.extensions = socket.extensions;
for (const request of [
  { id: 1, set: "ws", value: "päckchen", ttl: 5 },
  { id: 2, get: "ws" },
  { id: "three", get: "absent" },
  { id: 4.5, delete: "ws" },
]) {
  const answer = next();
  socket.send(JSON.stringify(request));
  seen.text.push(JSON.parse((await answer).data));
}
for (const text of ["not json", JSON.stringify({ id: 9, fly: "away" })]) {
  const answer = next();
  socket.send(text);
  seen.text.push(JSON.parse((await answer).data));
}

// A large message in fragments, then RESP in binary frames.
const large = "x".repeat(300_000);
let answer = next();
const message = JSON.stringify({ id: 5, set: "large", value: large });
for (let offset = 0; offset < message.length; offset += 50_000) {
  socket.send(message.slice(offset, offset + 50_000), { fin: offset + 50_000 >= message.length });
}
seen.text.push(JSON.parse((await answer).data));
answer = next();
socket.send(JSON.stringify({ id: 6, get: "large" }));
seen.largeIsWhole = JSON.parse((await answer).data).value === large;

answer = next();
socket.send(Buffer.from("*2\r\n$4\r\nECHO\r\n$3\r\n\xff\x00\x01\r\n", "latin1"));
const reply = await answer;
seen.binary = reply.isBinary ? reply.data.toString("latin1") : "text";

const pong = new Promise((resolve) => socket.once("pong", resolve));
socket.ping("are you there");
seen.pong = (await pong).toString() === "are you there";

const closed = new Promise((resolve) => socket.once("close", resolve));
socket.close(1000, "done");
seen.closed = await closed;
console.log(JSON.stringify(seen));
