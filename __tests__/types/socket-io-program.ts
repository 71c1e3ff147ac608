/**
 * A program typed for Socket.IO, with its maps of events: only the module it imports from has another name. It is compiled by Socket.IO's
 * own declarations too (tsconfig.socket-io.json).
 */
import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import {
  type BroadcastOperator,
  type DefaultEventsMap,
  type DisconnectReason,
  type Event,
  type ExtendedError,
  Namespace,
  type RemoteSocket,
  Server,
  type ServerOptions,
  Socket,
} from "dialogue-rs/socket.io";

interface ClientToServerEvents {
  hello: () => void;
  say: (text: string, done?: (at: number) => void) => void;
  "room:join": (room: string, answer: (result: { ok: boolean }) => void) => void;
  upload: (file: Buffer) => void;
}
interface ServerToClientEvents {
  message: (text: string) => void;
  moved: (x: number, y: number) => void;
  ask: (question: string, answer: (yes: boolean) => void) => void;
}
interface InterServerEvents {
  ping: () => void;
  count: (room: string, answer: (members: number) => void) => void;
}
interface SocketData {
  user: string;
  visits: number;
}
type ChatServer = Server<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>;
type ChatSocket = Socket<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>;

// A session as the documentation has it: middleware puts it on the request.
declare module "node:http" {
  interface IncomingMessage {
    session?: { user: string };
  }
}

const options: Partial<ServerOptions> = {
  path: "/live",
  serveClient: false,
  connectTimeout: 10_000,
  pingInterval: 10_000,
  pingTimeout: 5_000,
  upgradeTimeout: 5_000,
  maxHttpBufferSize: 1e8,
  transports: ["websocket", "polling"],
  allowUpgrades: true,
  allowRequest: (request, next) => next(null, request.headers.origin === undefined),
  cookie: { name: "io", httpOnly: true, sameSite: "strict", maxAge: 86_400 },
  cors: {
    origin: ["https://example.com", /\.example\.org$/],
    methods: ["GET", "POST"],
    allowedHeaders: "x-app",
    credentials: true,
  },
  cleanupEmptyChildNamespaces: true,
  addTrailingSlash: false,
  perMessageDeflate: { threshold: 1_024 },
  httpCompression: false,
  destroyUpgrade: false,
};

const http = createServer();
const io: ChatServer = new Server<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>(
  http,
  options,
);
new Server();
new Server(3_000);
new Server(0, { cookie: true, cors: (_request, give) => give(null, { origin: true }) });
new Server({ cors: { origin: (origin, give) => give(null, origin === "https://example.com") } });
new Server(createSecureServer()).listen(3_000).attach(http, { pingTimeout: 1 });

export class Chat extends Server<ClientToServerEvents, ServerToClientEvents> {
  announce(text: string): boolean {
    return this.to("all").emit("message", text);
  }
}

io.use(async (socket, next) => {
  const token: string = socket.handshake.auth["token"];
  const cookie: string | undefined = socket.handshake.headers.cookie;
  const [version] = [socket.handshake.query["v"]].flat();
  socket.data.user = socket.request.session?.user ?? `${token}${cookie}${version}`;
  const refusal: ExtendedError = new Error("not you");
  refusal.data = { retryAfter: 10 };
  next(socket.data.user === "" ? refusal : undefined);
});

io.on("connection", (socket) => {
  enter(socket);
  socket.on("hello", () => socket.emit("message", `hello ${socket.data.user}`));
  socket.on("say", (text, done) => {
    socket.broadcast.emit("message", text);
    socket.to("a").to(["b", "c"]).except("d").volatile.emit("moved", 1, text.length);
    done?.(Date.now());
  });
  socket.on("room:join", async (room, answer) => {
    await socket.join(room);
    socket.leave("lobby");
    answer({ ok: socket.rooms.has(room) });
  });
  socket.once("upload", (file) => void file.byteLength);
  socket.on("disconnecting", () => {
    for (const room of socket.rooms) if (room !== socket.id) socket.to(room).emit("message", "gone");
  });
  socket.on("disconnect", (reason: DisconnectReason, description?: { message?: string }) => {
    if (reason === "ping timeout") console.log(description?.message);
  });
  socket.on("error", (error) => void error.message);
  socket.use(([name, ...args]: Event, next) => next(args.length > 9 ? new Error(name) : undefined));
  socket.onAny((name, ...args) => console.log(name, args));
  socket.prependAny(() => {}).offAny();
  socket.onAnyOutgoing((name: string) => void name).prependAnyOutgoing(() => {});
  for (const listener of [...socket.listenersAny(), ...socket.listenersAnyOutgoing()])
    socket.offAnyOutgoing(listener);
  socket.conn.once("upgrade", () => console.log(socket.conn.transport.name));
  socket.conn.on("packet", ({ type }: { type: string }) => void type);
  socket.conn.on("close", (reason) => void reason);
  console.log(socket.conn.protocol, socket.conn.readyState, socket.client.conn.remoteAddress);
  socket.emit("ask", "sure?", (yes) => yes === true);
  socket.timeout(1_000).emit("ask", "sure?", (error, yes) => error === null || yes);
  socket.compress(false).volatile.emit("moved", 1, 2);
  socket.send("hi").write("hi");
  socket.removeAllListeners("say").off("hello", () => {});
  socket.disconnect(true);
});

export async function enter(socket: ChatSocket): Promise<void> {
  const yes: boolean = await socket.emitWithAck("ask", "ready?");
  const soon: boolean = await socket.timeout(100).emitWithAck("ask", "ready?");
  socket.data.visits = yes && soon ? 1 : 0;
  const address: string = socket.request.socket.remoteAddress ?? socket.handshake.address;
  await log(socket.request, address);
  await once(socket, "disconnect");
}
async function log(_request: IncomingMessage, _address: string): Promise<void> {}

io.on("new_namespace", (namespace) => console.log(namespace.name));
io.on("count", (room, answer) => answer(io.sockets.adapter.rooms.get(room)?.size ?? 0));

export async function many(
  namespace: Namespace<ClientToServerEvents, ServerToClientEvents>,
): Promise<number> {
  io.emit("moved", 1, 2);
  io.send("all").write("all");
  io.timeout(500).emit("ask", "all?", (error, answers) => (error ? answers.length : answers.every(Boolean)));
  const answers: boolean[] = await io.to("a").timeout(500).emitWithAck("ask", "all?");
  const later: BroadcastOperator<DefaultEventsMap, any> = new Server().local.to(["a", "b"]).compress(true);
  later.emit("anything", 1, () => {});
  for (const socket of await io.in("a").fetchSockets()) {
    move(socket);
    socket.timeout(5).emit("ask", "you?", (error, yes) => error || yes);
    console.log(socket.data.user, socket.handshake.issued, socket.rooms.size);
  }
  io.in("a").socketsJoin(["b", "c"]);
  io.socketsLeave("b");
  io.in("c").disconnectSockets(true);
  io.serverSideEmit("ping");
  io.serverSideEmit("count", "a", (error, counts) => (error ? 0 : counts[0]));
  const counts: number[] = await io.serverSideEmitWithAck("count", "a");
  const ids: Set<string> = await namespace.allSockets();
  const sockets: Map<string, Socket<ClientToServerEvents, ServerToClientEvents>> = namespace.sockets;
  return counts.length + answers.length + ids.size + sockets.size;
}
function move(socket: RemoteSocket<ServerToClientEvents, SocketData>): void {
  socket.emit("moved", 1, 2);
  socket.join(["a", "b"]);
  socket.leave("a");
  socket.disconnect();
}

io.of("/admin").use((_socket, next) => next());
io.of(/^\/game-\d+$/, (socket) => socket.nsp.emit("message", socket.nsp.name))
  .on("connection", (socket) => void socket.data.user)
  .to("all")
  .emit("message", "hi");
io.of((name, auth, next) => next(null, name === "/secret" && auth["key"] === "k"));
io.of("/").adapter.on("create-room", (room) => console.log(room.length));
io.of("/").adapter.on("join-room", (room, id) => console.log(room, io.sockets.adapter.sids.get(id)));

io.engine.on("connection_error", ({ req, code, message, context }) => {
  console.log(req.url, code.toFixed(), message, context.name);
});
io.engine.on("initial_headers", (headers: Record<string, string>, request: IncomingMessage) => {
  headers["x-url"] = request.url ?? "";
});
interface ExpressRequest extends IncomingMessage {
  body: unknown;
}
io.engine.use((request: ExpressRequest, _: unknown, next: (error?: unknown) => void) => next(request.body));
console.log(io.engine.clientsCount, io.engine.opts.pingTimeout);

const { port } = io.httpServer.address() as AddressInfo;
const path: string = io.path("/live").path();
const serves: boolean = io.serveClient(true).serveClient();
const patience: number = io.connectTimeout(port).connectTimeout();
console.log(path, serves, patience, io.adapter());

// Untyped, as most programs are.
const plain = new Server();
plain.on("connection", (socket) => {
  socket.data.anything = socket.handshake.auth["user"].name;
  socket.on("any", (a, b, answer) => answer(a.b.c, b));
  socket.emit("any", 1, { two: 2 }, (answer: string) => answer);
  socket.timeout(10).emit("any", (error: Error | null, answer: string) => error ?? answer);
});
plain.timeout(10).emit("any", 1, (error: Error | null, answers: string[]) => error ?? answers);
const typedLater: Socket = new Map<string, Socket>().get("id")!;
export const emitters: EventEmitter[] = [plain, plain.sockets, typedLater, plain.engine, typedLater.conn];
export const classes = (thing: unknown): boolean | string =>
  thing instanceof Socket ? thing.id : thing instanceof Namespace ? thing.name : thing instanceof Server;
export const helper = (server: Server, typed: Server<any, any>): unknown => [
  helper(io, io),
  server.listenerCount("connection"),
  typed.sockets.sockets.size,
  EventEmitter.defaultMaxListeners,
];

const closed: Promise<void> = io.close((error) => console.log(error?.message));
await closed;
