/** Holds the client and `client.d.ts` together: this does not compile where one has what the other has not. */
type Contract = typeof import("../../client.js");
type Implementation = typeof import("./index.js");

type Assignable<From extends To, To> = From;
type Nothing<Left extends never> = Left;

export type Kept = [
  Assignable<Implementation, Contract>,
  Assignable<Contract, Implementation>,
  Nothing<Exclude<keyof Implementation, keyof Contract>>,
  Nothing<Exclude<keyof Contract, keyof Implementation>>,
];
