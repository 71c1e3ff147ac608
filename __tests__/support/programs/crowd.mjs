// COUNT clients of URL over TRANSPORT that come at once. Each notes the ids that the server's "list" and "joined" name. Says { connected }
// when all are. On "leave" each of them leaves: by LEAVES, "disconnect" or "close". On "report" says { twice, early }: how often one was
// told of an id that it knew, and of one before its list.
import { io } from "socket.io-client";

const say = (line) => console.log(JSON.stringify(line));
let connected = 0;
let twice = 0;
let early = 0;
for (let n = 0; n < Number(process.env.COUNT); n++) {
  const socket = io(process.env.URL, {
    forceNew: true,
    transports: [process.env.TRANSPORT],
    reconnection: false,
  });
  const known = new Set();
  let listed = false;
  const learn = (id) => {
    if (known.has(id)) twice++;
    known.add(id);
  };
  socket.on("connect", () => {
    connected++;
    if (connected === Number(process.env.COUNT)) say({ connected });
  });
  socket.on("list", (ids) => {
    listed = true;
    ids.forEach(learn);
  });
  socket.on("joined", (id) => {
    if (!listed) early++;
    learn(id);
  });
  socket.on("leave", () => {
    if (process.env.LEAVES === "close") socket.io.engine.close();
    else socket.disconnect();
  });
  if (n === 0) socket.on("report", () => say({ twice, early }));
}
