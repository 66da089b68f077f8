/** Rows of one height, one of which may be unfolded and is taller by `openHeight`. All in pixels. */
export interface UnfoldShape {
  readonly count: number;
  readonly rowHeight: number;
  /** -1: none is unfolded. */
  readonly openIndex: number;
  readonly openHeight: number;
}

export interface View {
  readonly scrollTop: number;
  readonly height: number;
}

const spareRows = 10;

export function topOf({ rowHeight, openIndex, openHeight }: UnfoldShape, index: number): number {
  return index * rowHeight + (openIndex >= 0 && index > openIndex ? openHeight : 0);
}

export function heightOf(shape: UnfoldShape): number {
  return topOf(shape, shape.count);
}

/** First row to draw, and the one behind the last: those in view with ten to spare on both sides. */
export function rowsInView(shape: UnfoldShape, { scrollTop, height }: View): { start: number; end: number } {
  const first = indexAt(shape, scrollTop);
  const last = indexAt(shape, scrollTop + height);
  return {
    start: Math.max(0, Math.min(first, shape.count) - spareRows),
    end: Math.min(shape.count, last + 1 + spareRows),
  };
}

/** The row that stands at `y`, unfolded part included. */
function indexAt(shape: UnfoldShape, y: number): number {
  const { rowHeight, openIndex, openHeight } = shape;
  const plain = Math.max(0, Math.floor(y / rowHeight));
  if (openIndex < 0 || plain <= openIndex) return plain;
  return Math.max(openIndex, Math.floor((y - openHeight) / rowHeight));
}

/** Where to scroll so that a row can be seen whole, moving as little as possible. */
export function scrollTopToReveal(shape: UnfoldShape, { scrollTop, height }: View, index: number): number {
  const top = topOf(shape, index);
  const bottom = top + shape.rowHeight + (index === shape.openIndex ? shape.openHeight : 0);
  if (top < scrollTop || bottom - top > height) return top;
  return bottom > scrollTop + height ? bottom - height : scrollTop;
}
