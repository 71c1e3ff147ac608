/**
 * Handles by id, so that the same thing is always the same object: made when somebody looks, and held until the thing ends (people
 * hang listeners and properties on handles). After that it lives as long as whoever still has it.
 */
export class Registry<Id, Handle extends object> {
  readonly #make: (id: Id) => Handle | undefined;
  readonly #handles = new Map<Id, Handle>();

  /** @param make The handle of what stands under an id; undefined where nothing does. */
  constructor(make: (id: Id) => Handle | undefined) {
    this.#make = make;
  }

  get(id: Id): Handle | undefined {
    const known = this.#handles.get(id);
    if (known) return known;
    const made = this.#make(id);
    return made && this.add(id, made);
  }

  /** The handle under the id: the one that is there, or else this one. */
  add(id: Id, handle: Handle): Handle {
    const known = this.#handles.get(id);
    if (known) return known;
    this.#handles.set(id, handle);
    return handle;
  }

  /** The thing is gone. Ids do not come back: nobody asks for it again. */
  end(id: Id): void {
    this.#handles.delete(id);
  }
}
