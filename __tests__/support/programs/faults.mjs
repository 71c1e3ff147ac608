// What a hook may do wrong.
const SECRET = "the exception's own words";

/** Throws as soon as anybody looks into it. */
const touchy = () => {
  const refuse = () => {
    throw new Error(SECRET);
  };
  return new Proxy({}, { get: refuse, has: refuse, ownKeys: refuse, getOwnPropertyDescriptor: refuse });
};

/** An object that throws when this field is read. */
const thorny = (fields, field) =>
  Object.defineProperty({ ...fields }, field, {
    enumerable: true,
    get() {
      throw new Error(SECRET);
    },
  });

export const FAULTS = {
  throws: () => {
    throw new Error(SECRET);
  },
  "throws what is no error": () => {
    throw undefined;
  },
  rejects: () => Promise.reject(new Error(SECRET)),
  "rejects late": () => new Promise((_, reject) => setTimeout(() => reject(new Error(SECRET)), 20)),
  "never settles": () => new Promise(() => {}),
  "gives a thenable that throws": () => thorny({}, "then"),
  "gives what throws when looked at": () => touchy(),
  "resolves to what throws when looked at": async () => thorny({}, "isOk"),
  "gives Ok of what throws when looked at": () => ({ isOk: true, value: touchy() }),
  "resolves to Ok of what throws when looked at": async () => ({ isOk: true, value: thorny({}, "jwt") }),
  "gives an Err that is no text": () => ({ isErr: true, error: { SECRET } }),
  "gives both Ok and Err": () => ({ isOk: true, isErr: true, value: {}, error: SECRET }),
  "gives null": () => null,
  "gives a number": () => 7,
};
