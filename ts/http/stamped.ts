/** Its constructor gives back the object that it was given: private fields of a class that extends it are put on that object. */
export class Stamped {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: see above
    return object;
  }
}
