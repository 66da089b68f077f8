import './middle-text.css';

export interface MiddleTextProps {
  readonly text: string;
  /** An id or path: monospace, always left to right. */
  readonly isId?: boolean;
}

/** Characters at the end that stay: `-1#2` tells two windows apart. */
const tailLength = 6;

/** A text that gives way in its middle, so that its end can always be read. All of it on hover and when it is copied. */
export function MiddleText({ text, isId = false }: MiddleTextProps) {
  const cut = Math.max(0, text.length - tailLength);
  return (
    <bdi className={isId ? 'middle-text mono' : 'middle-text'} {...(isId ? { dir: 'ltr' } : {})} title={text}>
      <span className="middle-text__head">{text.slice(0, cut)}</span>
      <span className="middle-text__tail">{text.slice(cut)}</span>
    </bdi>
  );
}
