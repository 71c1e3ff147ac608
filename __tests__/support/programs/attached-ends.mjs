// An http server with an engine in front that is closed, or let go of: the program ends by itself.
import { readdirSync } from "node:fs";
import { createServer, get } from "node:http";
import native from "#binding";
import { attach } from "../../../dist/socket-io/http-server.js";

const engine = new native.NativeDialogue("{}", () => {
  while (engine.drain(256) !== null);
});
const server = createServer((_request, response) => response.end("program"));
attach(server, {
  listen: (port, host) => JSON.parse(engine.listen(port, host)),
  closeListener: () => engine.closeListener(),
  stop: () => engine.stop(),
  setBehind: (path, token) => engine.setBehind(path, token),
  keepAlive: (on) => engine.keepAlive(on),
});
// A folder of the test's own.
const directories = () => readdirSync(process.env.TMPDIR).length;

server.listen(0, "127.0.0.1", () => {
  get({ port: server.address().port, agent: false }, (response) => {
    response.resume().on("end", () => {
      const during = directories();
      if (process.env.HOW === "exit") process.exit(3);
      if (process.env.HOW === "unref") server.unref();
      if (process.env.HOW === "close") {
        server.close(() => console.log(JSON.stringify({ during, after: directories() })));
      } else console.log(JSON.stringify({ during }));
    });
  });
});
