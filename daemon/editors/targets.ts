import { type Editor, type EditorPlace, editorOf, editors } from './catalogue.ts';
import type { DetectedEditor, EditorId, Machine, PlaceChoice, PlaceKind, Target } from './editor.ts';
import { joinPath, variable } from './editor-paths.ts';

/** `undefined`: the client has no such place on this system, or the choice lacks what the place needs. */
export function targetOf(
  machine: Machine,
  id: EditorId,
  kind: PlaceKind,
  choice: PlaceChoice = {},
): Target | undefined {
  const editor = editorOf(id);
  const place = editor.places.find((candidate) => candidate.kind === kind);
  if (place === undefined) return undefined;
  const found = targetsAt(machine, editor, place, choice);
  return found.find(({ path }) => machine.exists(path)) ?? found[0];
}

/** Which clients are on this machine, and their files (UI §3.4, `editors.detect`). */
export function detectEditors(machine: Machine, choice: PlaceChoice = {}): readonly DetectedEditor[] {
  return editors.map((editor) => ({
    editor: editor.id,
    isInstalled: isInstalled(machine, editor),
    targets: editor.places
      .flatMap((place) => targetsAt(machine, editor, place, choice))
      .filter(({ path }) => path !== '')
      .map((target) => ({ target, fileExists: machine.exists(target.path) })),
  }));
}

function targetsAt(machine: Machine, editor: Editor, place: EditorPlace, choice: PlaceChoice): Target[] {
  const root = typeof place.root === 'function' ? place.root(choice) : place.root;
  return place.paths(machine, choice).map((path) => ({
    editor: editor.id,
    place: place.kind,
    path,
    grammar: place.grammar,
    root,
    holder: editor.holder,
    form: editor.form,
  }));
}

function isInstalled(machine: Machine, { program, homes }: Editor): boolean {
  return homes(machine).some((path) => machine.exists(path)) || (program !== undefined && isInPath(machine, program));
}

function isInPath(machine: Machine, program: string): boolean {
  const isWindows = machine.platform === 'win32';
  const folders = (variable(machine, 'PATH') ?? variable(machine, 'Path') ?? '').split(isWindows ? ';' : ':');
  const names = isWindows ? [`${program}.exe`, `${program}.cmd`] : [program];
  return folders.some(
    (folder) => folder !== '' && names.some((name) => machine.exists(joinPath(machine, folder, name))),
  );
}
