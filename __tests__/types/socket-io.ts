/** What types follow from a program's maps of events. `@ts-expect-error` marks what must not compile. */
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server, createSecureServer } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type * as dialogue from "dialogue-rs";
import {
  type BroadcastOperator,
  type DefaultEventsMap,
  type DisconnectReason,
  type EventsMap,
  type Handshake,
  Namespace,
  type RemoteSocket,
  Server,
  Socket,
} from "dialogue-rs/socket.io";
import type { Namespace as NpmNamespace } from "socket.io";

type Exported = typeof import("dialogue-rs/socket.io");
// @ts-expect-error: a helper of its own
export type Name = import("dialogue-rs/socket.io").EventName<EventsMap>;
// @ts-expect-error: a helper of its own
export type Http = import("dialogue-rs/socket.io").HttpServer;

type NpmAdapter = NpmNamespace["adapter"];
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_ extends true>(): void => {};

holds<Same<keyof Exported, "Namespace" | "Server" | "Socket">>();

interface Listen {
  plain: (text: string) => void;
  asked: (n: number, answer: (text: string, more: boolean) => void) => void;
}
interface Emit {
  nothing: () => void;
  told: (text: string, n: number) => void;
  ask: (n: number, answer: (text: string, more: boolean) => void) => void;
  poke: (answer: () => void) => void;
  loose: (answer: (anything: any) => void) => void;
  maybe: (answer?: (n: number) => void) => void;
}
interface ServerSide {
  count: (room: string, answer: (n: number) => void) => void;
  ping: () => void;
}
interface Data {
  user: string;
}
/** The same events, sent to many, and then under a timeout. */
interface Many {
  nothing: () => void;
  told: (text: string, n: number) => void;
  ask: (n: number, answer: (texts: string[]) => void) => void;
  poke: (answer: () => void) => void;
  loose: (answer: (all: any[]) => void) => void;
  maybe: (answer?: (n: number) => void) => void;
}

// ------------------------------------------------------------ defaults, and one Server for both entry points
holds<Same<Server, Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, any>>>();
holds<Same<Socket<Listen>, Socket<Listen, Listen, DefaultEventsMap, any>>>();
holds<Same<dialogue.Server, Server>>();
holds<Same<dialogue.Socket, Socket>>();
holds<Same<dialogue.Handshake, Handshake>>();
holds<Same<dialogue.Dialogue["io"], Server>>();
holds<Same<dialogue.ConnectedClient["socket"], Socket>>();
export const map: EventsMap = {} as Listen;
new Server({ host: "127.0.0.1", threads: 2, limits: { connections: 10 }, logger: {} as dialogue.Logger });

export async function inferred(io: Server<Listen, Emit, ServerSide, Data>): Promise<void> {
  io.on("connection", async (socket) => {
    holds<Same<typeof socket, Socket<Listen, Emit, ServerSide, Data>>>();
    holds<Same<typeof socket.data, Data>>();
    holds<Same<typeof socket.conn.id, string>>();
    socket.on("asked", (...args) =>
      holds<Same<typeof args, [n: number, answer: (text: string, more: boolean) => void]>>(),
    );
    socket.on("disconnect", (reason, why) => {
      holds<Same<typeof reason, DisconnectReason>>();
      holds<Same<typeof why, any>>();
    });
    socket
      .timeout(1)
      .emit("ask", 1, (...args) => holds<Same<typeof args, [err: Error, text: string, more: boolean]>>());
    socket.timeout(1).emit("loose", (...args) => holds<Same<typeof args, [err: Error, anything: any]>>());
    const answer = await socket.emitWithAck("ask", 1);
    holds<Same<typeof answer, string>>();
    const none = await socket.timeout(1).emitWithAck("poke");
    holds<Same<typeof none, undefined>>();
    holds<Same<typeof socket.broadcast, BroadcastOperator<Many, Data>>>();
  });
  io.on("new_namespace", (made) => holds<Same<typeof made, Namespace<Listen, Emit, ServerSide, Data>>>());
  io.on("count", (room, answer) => answer(room.length));
  const found = await io.fetchSockets();
  holds<Same<typeof found, RemoteSocket<Emit, Data>[]>>();
  const toSome = io.to("a");
  holds<Same<typeof toSome, BroadcastOperator<Many, Data>>>();
  const texts = await toSome.timeout(1).emitWithAck("ask", 1);
  holds<Same<typeof texts, string[]>>();
  const loose = await toSome.timeout(1).emitWithAck("loose");
  holds<Same<typeof loose, any[]>>();
  toSome
    .timeout(1)
    .emit("ask", 1, (...args) => holds<Same<typeof args, [err: Error, responses: string[]]>>());
  const counts = await io.serverSideEmitWithAck("count", "a");
  holds<Same<typeof counts, number[]>>();
  io.engine.use((request, response, next) => {
    response.setHeader("x-seen", request.headers.host ?? "");
    next();
  });
  const untyped = await new Server().timeout(1).emitWithAck("any", 1);
  holds<Same<typeof untyped, any>>();
}

export function refused(
  io: Server<Listen, Emit, ServerSide, Data>,
  socket: Socket<Listen, Emit, ServerSide, Data>,
): void {
  // @ts-expect-error: clients send no such event
  socket.on("told", () => {});
  // @ts-expect-error: n is a number
  socket.on("asked", (n: string) => n);
  // @ts-expect-error: more arguments than the event has
  socket.on("plain", (text, more) => [text, more]);
  // @ts-expect-error: a server hears of connections and of other servers
  io.on("plain", () => {});
  // @ts-expect-error: an argument is missing
  socket.emit("told", "text");
  // @ts-expect-error: no such event
  io.emit("plain", "text");
  // @ts-expect-error: who is to answer in time? see timeout
  io.emit("ask", 1, () => {});
  // @ts-expect-error: there is no event `message` to send
  io.send("text");
  // @ts-expect-error: nobody acknowledges it
  socket.emitWithAck("told", "text", 1);
  // @ts-expect-error: it need not be acknowledged
  socket.emitWithAck("maybe");
  // @ts-expect-error: a broadcast waits only under a timeout
  io.to("a").emitWithAck("ask", 1);
  // @ts-expect-error: nobody acknowledges it
  io.serverSideEmitWithAck("ping");
  holds<Same<Namespace<Listen, Emit, ServerSide, Data>["server"], Server<Listen, Emit, ServerSide, Data>>>();
  // What Socket.IO's types take compiles; what cannot be honoured is refused when it runs.
  io.adapter((nsp: any): NpmAdapter => nsp.adapter);
  new Server(createHttpServer()).attach(createHttpsServer()).listen(createHttp2Server());
  new Server(createSecureServer(), {});
  // @ts-expect-error: a user is a text
  socket.data.user = 1;
  // @ts-expect-error: rooms are names
  socket.join(1);
  // @ts-expect-error: sockets make themselves
  new Socket();
  // @ts-expect-error: `io.of` makes namespaces
  new Namespace(io, "/name");
  // @ts-expect-error: no such transport
  new Server({ transports: ["smoke"] });
  // @ts-expect-error: no such option
  new Server(3_000, { prot: 1 });
  // @ts-expect-error: not a server
  new Server("3000");
  // @ts-expect-error: an adapter is more than a text
  io.adapter(() => "nope");
}
