// Types of rooms by their events, which server and client share: helpers of `index.d.ts` and `client.d.ts`.
import type { DataIn, DataOut } from "./events.cjs";
import type { AnyEvent } from "./options.cjs";

/** Names of the events of a room. */
export type NameOf<E> = E extends { readonly name: infer N } ? N : never;
/** Whether a room takes events that its type does not name: any, none listed, `"*"`, or one whose name is not known. */
export type IsOpen<E> = 0 extends 1 & E
  ? true
  : [E] extends [never]
    ? true
    : string extends NameOf<E>
      ? true
      : "*" extends NameOf<E>
        ? true
        : false;
/** What a definition must be for a room of `E`: one whose name is not known by its type may be any. */
export type Among<D extends AnyEvent, E, More = never> =
  IsOpen<E> extends true
    ? D
    : string extends D["name"]
      ? D
      : D["name"] extends NameOf<E> | More
        ? D
        : { readonly name: NameOf<E> };
/** The same for a definition of which only the payload is a type parameter. */
export type OfRoom<E, More = never> = IsOpen<E> extends true ? unknown : { readonly name: NameOf<E> | More };
/** What `trigger` takes: `{ name }` alone, in a room whose events are all known, is checked as the room's definition of that name. */
export type DataFor<D extends AnyEvent, E> =
  IsOpen<E> extends true
    ? DataIn<D>
    : unknown extends DataIn<D>
      ? string extends D["name"]
        ? DataIn<D>
        : D["name"] extends NameOf<E>
          ? DataIn<Extract<E, { readonly name: D["name"] }>>
          : DataIn<D>
      : DataIn<D>;
/** `{ name }` alone has the data of the room's definition of that name. */
export type DataOf<D extends AnyEvent, E> =
  unknown extends DataOut<D>
    ? IsOpen<E> extends true
      ? DataOut<D>
      : D["name"] extends NameOf<E>
        ? DataOut<Extract<E, { readonly name: D["name"] }>>
        : DataOut<D>
    : DataOut<D>;

/** The rooms of a configuration, if its type says any id; else any rooms. */
export type KnownRooms<R> = [keyof ById<R>] extends [never] ? any : R;
/** The rooms of a configuration, by those ids that its type says. */
export type ById<R> = 0 extends 1 & R
  ? Record<never, never>
  : R extends readonly (infer Config)[]
    ? { [C in Config as C extends { readonly id: infer Id extends string } ? Known<Id> : never]: C }
    : { [Id in keyof R as Id extends string | number ? Known<`${Id}`> : never]: R[Id] };
export type Known<Id extends string> = string extends Id ? never : Id;
/** The events of a room, where the configuration's type says them. */
export type EventsOf<R, Id> = Id extends keyof ById<R>
  ? ById<R>[Id] extends { readonly events: readonly [infer E, ...infer More] }
    ? E | More[number]
    : any
  : any;
/** Any id; those that the configuration's type says are offered first. */
export type RoomId<R> = (keyof ById<R> & string) | (string & {});
