import type { NativeDialogue } from "../native.js";

/** What the objects of this folder ask of an engine. */
export type EnginePort = Pick<NativeDialogue, Extract<keyof NativeDialogue, `io${string}`>>;

const nothing = () => {};

/** Before a server is attached and after it was closed: nobody is there, and nothing happens. */
export const IDLE: EnginePort = {
  ioNamespace: () => 0,
  ioConfigure: nothing,
  ioWatchRooms: nothing,
  ioDropNamespace: nothing,
  ioOpenEnded: nothing,
  ioAccept: () => false,
  ioRefuse: nothing,
  ioLook: () => null,
  ioConnected: () => false,
  ioHear: nothing,
  ioTurned: nothing,
  ioShow: () => false,
  ioIsShown: () => false,
  ioWithdraw: nothing,
  ioRestore: nothing,
  ioForget: nothing,
  ioEmit: () => -1,
  ioAcknowledge: nothing,
  ioForgetAck: nothing,
  ioRoomsOf: () => [],
  ioRoomCountOf: () => 0,
  ioDisconnect: nothing,
  ioConnection: () => null,
  ioCloseConnection: nothing,
  ioCloseAll: nothing,
  ioCount: () => 0,
  ioConnections: () => 0,
  ioSelect: () => [],
  ioBroadcast: () => [0, -1],
  ioJoin: nothing,
  ioLeave: nothing,
  ioDisconnectAll: nothing,
  ioRoomCount: () => 0,
  ioRoomNames: () => [],
  ioInRoom: () => [],
  ioRoomSize: () => 0,
  ioIsIn: () => false,
  ioTakeChanges: () => "[]",
};
