/**
 * Holds the implementation and `socket-io.d.ts` together: this does not compile where a class has what the other has not, or a method takes
 * more or fewer arguments. Types that name the classes are not compared: the implementation's are nominal, and the contract's know the
 * program's events.
 */
import type * as declared from "../../socket-io.js";
import type { Adapter } from "./adapter.js";
import type { BroadcastOperator } from "./broadcast-operator.js";
import type { Connection } from "./connection.js";
import type { Engine } from "./engine.js";
import type { ServerSocket } from "./socket.js";

type Contract = typeof declared;
type Implementation = typeof import("./index.js");

type Nothing<Left extends never> = Left;
type Classes = keyof Contract & keyof Implementation;
/** What is made, and what is declared. */
type Pairs = { [N in Classes]: [Implementation[N]["prototype"], Contract[N]["prototype"]] } & {
  Adapter: [Adapter, declared.Adapter];
  BroadcastOperator: [BroadcastOperator, declared.BroadcastOperator<declared.DefaultEventsMap, unknown>];
  Client: [ServerSocket["client"], declared.Client];
  Connection: [Connection, declared.Connection];
  Engine: [Engine, declared.Engine];
  Handshake: [ServerSocket["handshake"], declared.Handshake];
  RemoteSocket: [ServerSocket, declared.RemoteSocket<declared.DefaultEventsMap, unknown>];
};
type Name = keyof Pairs;
type Made<N extends Name> = Pairs[N][0];
type Declared<N extends Name> = Pairs[N][1];

type Plain = string | number | boolean | undefined;
type Method = (...args: never[]) => unknown;
/** What a program gets, where that is no object. */
type FitsPlain<From, To> = [To] extends [Plain] ? ([From] extends [To] ? true : false) : true;
/** The number of arguments is a type: of optional ones several numbers. */
type FitsMethod<From extends Method, To extends Method> = [Parameters<To>["length"]] extends [
  Parameters<From>["length"],
]
  ? FitsPlain<ReturnType<From>, ReturnType<To>>
  : false;
type Fits<From, To> = [To, From] extends [Method, Method]
  ? FitsMethod<From & Method, To & Method>
  : [To] extends [Method]
    ? false
    : FitsPlain<From, To>;

type Missing<N extends Name> = Exclude<keyof Declared<N>, keyof Made<N>>;
type Different<N extends Name> = {
  [K in keyof Declared<N> & keyof Made<N> & string]: Fits<Made<N>[K], Declared<N>[K]> extends true
    ? never
    : K;
}[keyof Declared<N> & keyof Made<N> & string];
type Extra<N extends Classes> = Exclude<keyof Made<N>, keyof Declared<N> | Internal[N]>;

/** What the classes have for each other, and programs do not. */
interface Internal {
  Server: "_nsps" | "emitWithAck";
  Socket:
    | ("begin" | "end" | "fail" | "heedAll" | "joined" | "left" | "receive" | "tellOutgoing")
    | ("ack" | "adapter" | "onevent" | "server");
  Namespace:
    | (
        | "acks"
        | "admit"
        | "adopt"
        | "announce"
        | "arrived"
        | "attach"
        | "broadcast"
        | "candidate"
        | "disconnectAll"
      )
    | ("dismiss" | "emitWithAck" | "ended" | "expect" | "fetch" | "find" | "forget" | "guards" | "inherit")
    | ("isEmpty" | "join" | "judge" | "key" | "known" | "leave" | "listens" | "made" | "middleware")
    | (
        | "reserve"
        | "roomsOf"
        | "select"
        | "showRooms"
        | "tellEnds"
        | "tellRooms"
        | "watchOutgoing"
        | "welcome"
      );
}

type OfAll = { [N in Name]: Missing<N> | Different<N> }[Name];

export type Kept = [
  Nothing<Exclude<keyof Implementation, keyof Contract>>,
  Nothing<Exclude<keyof Contract, keyof Implementation>>,
  Nothing<OfAll>,
  Nothing<Extra<"Server"> | Extra<"Namespace"> | Extra<"Socket">>,
];
