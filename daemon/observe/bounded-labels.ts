import type { MaskText } from '../../platform/redaction.ts';

/**
 * Keeps a label from growing without bound: the first `max` distinct texts are themselves, all later ones are `other`
 * (WIRE §8.4). What is empty is `unknown`; what is long is cut.
 */
export class BoundedLabels {
  readonly #max: number;
  readonly #mask: MaskText;
  readonly #known = new Map<string, string>();

  /** `mask` is asked once for each text. */
  constructor(max: number, mask: MaskText = (text) => text) {
    this.#max = max;
    this.#mask = mask;
  }

  of(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (text === '') return 'unknown';
    if (this.#known.size >= this.#max) return 'other';
    const label = this.#mask(text).slice(0, maxLabelChars).toWellFormed();
    this.#known.set(text, label);
    return label;
  }
}

const maxLabelChars = 64;
