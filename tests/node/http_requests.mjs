// Node's HTTP parser (llhttp) as a second reader. Prints its port, then for each connection that has ended a line of JSON: the
// requests that it has taken, as [method, body]. Ends when its standard input does.
import { createServer } from "node:http";

const requests = new WeakMap();

const server = createServer((request, response) => {
  const taken = requests.get(request.socket);
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    taken.push([request.method, Buffer.concat(chunks).toString("latin1")]);
    response.end();
  });
});
server.httpAllowHalfOpen = true;
server.on("connection", (socket) => {
  requests.set(socket, []);
  socket.on("close", () => console.log(JSON.stringify(requests.get(socket))));
});
server.on("clientError", (error, socket) => socket.destroy());
server.on("checkExpectation", (request, response) => {
  response.writeHead(417, { Connection: "close" }).end();
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
