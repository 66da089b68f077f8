import { stripVTControlCharacters } from 'node:util';

/** Where the page goes and how it looks. */
export interface PageOptions {
  readonly hasColor: boolean;
  write(text: string): void;
}

/** What the demo tells, line by line. A statement is printed with its proof: it holds, or the demo has failed. */
export class Page {
  readonly #options: PageOptions;
  readonly #broken: string[] = [];
  #sections = 0;
  #statements = 0;

  constructor(options: PageOptions) {
    this.#options = options;
  }

  get statements(): number {
    return this.#statements;
  }

  /** Statements that did not hold. */
  get broken(): readonly string[] {
    return this.#broken;
  }

  title(title: string, subtitle: string): void {
    this.#line(`\n  ${this.bold(title)}\n  ${this.dim(subtitle)}`);
  }

  section(title: string): void {
    this.#sections += 1;
    this.#line(`\n  ${this.bold(`${this.#sections}  ${title}`)}`);
  }

  text(text: string): void {
    this.#line(`     ${text}`);
  }

  /** Text of another program, as it came. */
  quote(command: string, text: string): void {
    this.#line(`     ${this.dim(`$ ${command}`)}`);
    for (const line of text.trimEnd().split('\n')) this.#line(`     ${this.dim('│')} ${line}`);
  }

  /** Columns of aligned cells. */
  table(rows: readonly (readonly string[])[]): void {
    const widths: number[] = [];
    for (const row of rows) {
      for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    }
    for (const row of rows) {
      const cells = row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)));
      this.#line(`     ${cells.join('   ').trimEnd()}`);
    }
  }

  /** States something and proves it. */
  holds(isTrue: boolean, statement: string): void {
    this.#statements += 1;
    if (!isTrue) this.#broken.push(statement);
    this.#line(`   ${isTrue ? this.#paint('32', '✓') : this.#paint('31', '✗')} ${statement}`);
  }

  end(line: string): void {
    this.#line(`\n  ${line}\n`);
  }

  bold(text: string): string {
    return this.#paint('1', text);
  }

  dim(text: string): string {
    return this.#paint('2', text);
  }

  /** A window's name in its colour. */
  window(name: 'blue' | 'green'): string {
    return this.#paint(name === 'blue' ? '34' : '32', name);
  }

  #paint(code: string, text: string): string {
    return this.#options.hasColor ? `\u001b[${code}m${text}\u001b[0m` : text;
  }

  #line(text: string): void {
    this.#options.write(`${text}\n`);
  }
}

function widthOf(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
