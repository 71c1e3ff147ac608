import type { EventMessage } from "../../index.js";
import type { DialogueError } from "../errors.js";
import { WIRE } from "../protocol.js";
import { fullJitter, Presence } from "./backoff.js";
import { missedEvents, passes, patiently } from "./catch-up.js";
import { Gate } from "./gate.js";
import { JoinedRoom, type RoomLine } from "./joined-room.js";
import { aboutRoom, type Outcome, type Reply, type Request, type Requests } from "./requests.js";
import { fault, notInRoom, removed } from "./wire-errors.js";

/** Rooms that are joined again at a time. */
const LANES = 16;
/** Rooms whose history is held until it is known that this client is in them. */
const MOST_EARLY = 100;

/** What memberships tell the client. */
export interface MembershipListener {
  history(roomId: string, events: EventMessage[]): void;
  failed(error: DialogueError): void;
}

/** A room and where its requests wait while it is joined again. */
interface Membership {
  readonly room: JoinedRoom;
  readonly gate: Gate;
  /** A connection was lost: the history that the server sends from then on is of what was heard or is being fetched. */
  again: boolean;
  /** The room was made anew, and what was said in it is not fetched yet. */
  anew: boolean;
}

/** The rooms that this client is in, through all connections. */
export class Memberships {
  readonly #all = new Map<string, Membership>();
  readonly #early = new Map<string, EventMessage[]>();
  /** Rooms of the joins that are not answered yet, each as often as it is asked for. */
  readonly #joining: string[] = [];
  readonly #requests: Requests;
  readonly #connection: Gate;
  readonly #listener: MembershipListener;
  /** The connection that there is, or was last. */
  #present = new Presence();

  constructor(requests: Requests, connection: Gate, listener: MembershipListener) {
    this.#requests = requests;
    this.#connection = connection;
    this.#listener = listener;
  }

  get(roomId: string): JoinedRoom | undefined {
    return this.#all.get(roomId)?.room;
  }

  join(roomId: string): Promise<JoinedRoom> {
    return new Promise((resolve, reject) => {
      if (typeof roomId !== "string" || roomId === "") {
        reject(fault("INVALID_REQUEST", "roomId: must be a non-empty string"));
        return;
      }
      this.#joining.push(roomId);
      this.#requests.send(aboutRoom(WIRE.join, roomId), this.#connection, (outcome) => {
        this.#joining.splice(this.#joining.indexOf(roomId), 1);
        if (outcome.isOk) {
          resolve(this.joined({ roomId, ...outcome.value }));
          return;
        }
        // It may still be let in, and would then hold a place that it knows nothing of.
        if (outcome.error.code === "TIMEOUT" && !this.#wants(roomId)) this.#sendLeave(roomId);
        reject(outcome.error);
      });
    });
  }

  /** In a room: as the answer to a join, or because the server put this client there. */
  joined(reply: Reply): JoinedRoom {
    const { roomId, roomName = roomId } = reply as { roomId: string; roomName?: string };
    const known = this.#all.get(roomId);
    if (known !== undefined) {
      place(known, reply);
      return known.room;
    }
    const room = new JoinedRoom(roomId, String(roomName), this.#line(roomId));
    const gate = new Gate(notInRoom(roomId));
    gate.open();
    const membership = { room, gate, again: false, anew: false };
    this.#all.set(roomId, membership);
    room.epoch = reply["epoch"];
    room.inbox.position = Number(reply["offset"] ?? 0);
    room.subscriptions.listenFrom(room.inbox.position);
    const early = this.#early.get(roomId);
    this.#early.delete(roomId);
    if (early !== undefined) room.inbox.history(early);
    // Whoever waits for the join gets to register handlers first: that takes some turns of promises, and packets come between them.
    setTimeout(() => {
      // A connection that is lost until then does it.
      if (!membership.again) room.inbox.release();
    }, 0);
    return room;
  }

  event(message: EventMessage): void {
    this.get(message.roomId)?.received(message);
  }

  history(roomId: string, events: EventMessage[]): void {
    const membership = this.#all.get(roomId);
    if (membership === undefined) {
      if (this.#early.size < MOST_EARLY) this.#early.set(roomId, events);
    } else if (!membership.again || membership.room.epoch === undefined) {
      membership.room.inbox.history(events);
    }
  }

  /** The server took this client out of a room, or the room away. */
  ended(reason: DialogueError, roomId = String(reason.roomId)): void {
    const membership = this.#all.get(roomId);
    if (membership === undefined) return;
    this.#all.delete(roomId);
    membership.gate.close(reason);
    membership.room.close(reason);
  }

  renamed(roomId: string, roomName: string): void {
    Object.assign(this.get(roomId) ?? {}, { roomName });
  }

  /** Connected: every room is joined again, before anything else is asked. */
  connected(): void {
    this.#present = new Presence();
    const presence = this.#present;
    const waiting = [...this.#all.values()].values();
    for (let lane = 0; lane < LANES; lane++) void this.#joinAgain(waiting, presence);
  }

  /** `reason`: why requests fail at once; absent while it tries to connect. */
  disconnected(reason?: DialogueError): void {
    this.#present.end();
    this.#early.clear();
    for (const membership of this.#all.values()) {
      // What was heard so far is handed on; what comes with the next connection waits for what was missed.
      if (!membership.again) membership.room.inbox.release();
      membership.again = true;
      membership.room.inbox.hold();
      if (reason === undefined) membership.gate.hold();
      else membership.gate.close(reason);
    }
  }

  /** Trying to connect: requests of rooms wait. */
  connecting(): void {
    for (const { gate } of this.#all.values()) gate.hold();
  }

  #line(roomId: string): RoomLine {
    const gate = () => this.#all.get(roomId)?.gate;
    const ask = (request: Request) => this.#requests.ask(request, gate() ?? new Gate(notInRoom(roomId)));
    return {
      ask,
      insist: (request, current) => {
        const presence = this.#present;
        // Not through the room's gate: ahead of what waits there. And with another connection the join has asked again.
        const ask = async () => current() && !presence.over && this.#requests.ask(request, this.#connection);
        return patiently(ask, presence);
      },
      ready: () => gate()?.isOpen === true,
      history: (events) => this.#listener.history(roomId, events),
      failed: (error) => this.#listener.failed(error),
      leave: () => {
        const left = gate();
        this.#all.delete(roomId);
        // Also behind a join that is on its way.
        if (this.#connection.isOpen) this.#sendLeave(roomId);
        left?.close(notInRoom(roomId));
      },
    };
  }

  /** In it, or about to be. */
  #wants(roomId: string): boolean {
    return this.#all.has(roomId) || this.#joining.includes(roomId);
  }

  /** Nobody waits for it: one who is not in the room has left it already. */
  #sendLeave(roomId: string): void {
    const presence = this.#present;
    this.#requests.send(aboutRoom(WIRE.leave, roomId), this.#connection, (outcome) => {
      if (outcome.isOk) {
        // What came before the answer was of what is over now.
        this.#early.delete(roomId);
        this.ended(removed(roomId));
      } else if (passes(outcome.error)) {
        void presence.pause(fullJitter(1)).then(() => {
          if (!presence.over && !this.#wants(roomId)) this.#sendLeave(roomId);
        });
      }
    });
  }

  async #joinAgain(waiting: Iterator<Membership> & Iterable<Membership>, presence: Presence): Promise<void> {
    for (const membership of waiting) {
      if (presence.over) return;
      const { room } = membership;
      if (room.ended) continue;
      try {
        const newest = await patiently(() => this.#comeBack(membership, presence), presence);
        await this.#catchUp(membership, newest, presence);
      } catch (error) {
        // The next connection begins anew; and who left meanwhile does not want to know.
        if (presence.over || room.ended) continue;
        this.#listener.failed(error as DialogueError);
        this.ended(error as DialogueError, room.roomId);
      }
    }
  }

  /** Joins again; resolves with the offset of the newest event, or with nothing where that is of no use any more. */
  #comeBack(membership: Membership, presence: Presence): Promise<number | undefined> {
    const { room, gate } = membership;
    return new Promise((resolve, reject) => {
      // Left while it waited.
      if (room.ended) return resolve(undefined);
      this.#requests.send(aboutRoom(WIRE.join, room.roomId), this.#connection, (outcome: Outcome) => {
        if (outcome.isErr) return reject(outcome.error);
        // Left while it was asked: what says so is on its way.
        if (presence.over || room.ended) return resolve(undefined);
        place(membership, outcome.value);
        room.subscribeAgain();
        gate.open();
        resolve(Number(outcome.value["offset"] ?? 0));
      });
    });
  }

  /**
   * Fetches what was said up to `newest` and beyond, and lets it go on, with what came meanwhile. A failure is reported, and the room goes
   * on.
   */
  async #catchUp(membership: Membership, newest: number | undefined, presence: Presence): Promise<void> {
    if (newest === undefined) return;
    let missed: EventMessage[] = [];
    const { room, anew } = membership;
    const since = room.inbox.position;
    try {
      // What the room was asked for, it sends from a moment after the join on. A server that says no positions has `newest` 0: its history
      // cannot be told from what was heard.
      if (newest > since || (room.epoch !== undefined && room.subscriptions.asked.size > 0)) {
        const { events, cut } = await missedEvents(room, since, !anew, presence);
        missed = events;
        if (cut) this.#listener.failed(fault("OVERLOADED", "Older events than these were missed too", room));
      }
    } catch (error) {
      if (presence.over || room.ended) return;
      this.#listener.failed(error as DialogueError);
    }
    if (presence.over) return;
    membership.anew = false;
    room.subscriptions.listenFrom(newest);
    room.inbox.release(missed);
  }
}

/** Notes where a room stands that is joined again; and where it is another one than it was, although its id is the same. */
function place(membership: Membership, { epoch, roomName }: Reply): void {
  const { room } = membership;
  if (typeof roomName === "string") room.roomName = roomName;
  if (epoch === room.epoch) return;
  // Held of the room as it was; it has nothing to do with what comes now.
  room.inbox.release();
  room.inbox.hold();
  room.inbox.position = 0;
  room.epoch = epoch;
  membership.anew = true;
}
