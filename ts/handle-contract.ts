/**
 * What a handle's class implements of a public interface: the same, with a getter where the interface has an optional property (a
 * getter cannot be absent, so it may give undefined).
 */
export type Handle<Public> = {
  [Key in keyof Public]: undefined extends Public[Key] ? Public[Key] | undefined : Public[Key];
};
