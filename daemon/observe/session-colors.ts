const colors = 8;
/** Instances whose colour is remembered: names come from clients and must not fill the memory. */
const maxInstances = 1_000;

/** Colours 1–8 in turn, by order of arrival; all sessions of one instance have the same. */
export class SessionColors {
  readonly #ofInstance = new Map<string, number>();
  #given = 0;

  colorOf(instanceId: string | null): number {
    const known = instanceId === null ? undefined : this.#ofInstance.get(instanceId);
    if (known !== undefined) return known;
    const color = (this.#given % colors) + 1;
    this.#given += 1;
    if (instanceId === null) return color;
    if (this.#ofInstance.size >= maxInstances) {
      const [oldest] = this.#ofInstance.keys();
      if (oldest !== undefined) this.#ofInstance.delete(oldest);
    }
    this.#ofInstance.set(instanceId, color);
    return color;
  }
}
