import type { PhaseEvent, StepEvent, TrainingEvent } from './events.ts';
import { formatBytes, formatCount, formatDuration, formatNumber } from './format.ts';

/** What the changing line shows: what the run is busy with, or how far it is. */
export type ProgressView = PhaseEvent | StepEvent;

/** How wide the changing line may be and whether it may have colors. */
export interface LineStyle {
  /** Columns of the terminal; the line stays one short of them, so that it never wraps. */
  readonly columns: number;
  readonly color: boolean;
}

const MIN_BAR = 8;
const MAX_BAR = 30;
const GAP = '  ';

/** The changing line. Where it is too narrow the less important parts are left out, the bar last but one. */
export function progressLine(view: ProgressView, style: LineStyle): string {
  const width = Math.max(1, style.columns - 1);
  const { parts, share } = view.type === 'step' ? stepParts(view) : phaseParts(view);
  const wanted = [...parts];
  const lengthOf = (list: readonly Part[]) => list.map(({ text }) => text).join(GAP).length;
  const barNeeds = share === null ? 0 : MIN_BAR + GAP.length;
  while (wanted.length > 1 && lengthOf(wanted) + barNeeds > width) {
    wanted.splice(wanted.indexOf(leastImportant(wanted)), 1);
  }
  const text = wanted.map((part) => part.text).join(GAP);
  const bar = Math.min(MAX_BAR, width - text.length - GAP.length);
  if (share === null || bar < MIN_BAR) return text.slice(0, width);
  return `${drawBar(share, bar, style.color)}${GAP}${text}`;
}

/** A line for good that tells of an event; null for events that only move the changing line. */
export function eventLine(event: TrainingEvent): string | null {
  switch (event.type) {
    case 'phase':
    case 'step':
      return null;
    case 'start': {
      const { trainableParameters, effectiveBatchSize, totalSteps, firstStep, stepsPerEpoch, device } = event;
      const from = firstStep > 0 ? `, going on after step ${firstStep}` : '';
      return `training ${formatCount(trainableParameters)} parameters on ${device}: ${totalSteps} steps of ${effectiveBatchSize} samples, ${stepsPerEpoch} per epoch${from}`;
    }
    case 'skipped': {
      const { step, loss, gradientNorm, consecutive, samples } = event;
      const inARow = consecutive > 1 ? `, ${consecutive} in a row` : '';
      const of = samples.length > 0 ? ` (${fewOf(samples)})` : '';
      return `step ${step} skipped: loss ${formatNumber(loss)}, gradient norm ${formatNumber(gradientNorm)}${inARow}${of}`;
    }
    case 'rollback': {
      const { step, toStep, skipped, rollBacks, maxRollBacks } = event;
      return `back to the checkpoint of step ${toStep}: ${skipped.length} steps in a row up to step ${step} were not finite; going on with the batches after them (${rollBacks} of at most ${maxRollBacks} times)`;
    }
    case 'epoch': {
      const { epoch, epochs, loss, seconds, metrics } = event;
      const values = Object.entries({ loss, ...metrics }).map(([name, value]) => `${name} ${formatNumber(value)}`);
      return `epoch ${epoch + 1}/${epochs}: ${values.join(', ')}, ${formatDuration(seconds)}`;
    }
    case 'checkpoint': {
      const { step, bytes, place, seconds, stallSeconds } = event;
      const waited = stallSeconds >= 0.05 ? `, training waited ${stallSeconds.toFixed(1)} s` : '';
      return `checkpoint of step ${step} in ${place} (${formatBytes(bytes)}, ${seconds.toFixed(1)} s${waited})`;
    }
    case 'warning':
      return `warning: ${event.message}`;
    case 'done': {
      const { step, seconds, skippedSteps } = event;
      return `done: ${step} steps in ${formatDuration(seconds)}${skippedSteps > 0 ? `, ${skippedSteps} skipped` : ''}`;
    }
    case 'stopped': {
      const { step, totalSteps, checkpointStep } = event;
      const rest = checkpointStep === null ? 'nothing was saved' : 'start it again to go on';
      return `stopped after step ${step} of ${totalSteps}; ${rest}`;
    }
  }
}

/** The changing line as one that stays: for output that is no terminal. */
export function plainLine(view: ProgressView): string {
  const { parts, share } = view.type === 'step' ? stepParts(view) : phaseParts(view);
  const percent = share === null ? [] : [`${Math.floor(share * 100)} %`];
  return [...parts.map(({ text }) => text), ...(view.type === 'phase' ? percent : [])].join(', ');
}

/** The first samples of a step. */
function fewOf(samples: readonly string[]): string {
  const more = samples.length > 3 ? ` and ${samples.length - 3} more` : '';
  return `${samples.slice(0, 3).join(', ')}${more}`;
}

interface Part {
  readonly text: string;
  /** The part with the lowest goes first where there is no room. */
  readonly importance: number;
}

function stepParts(event: StepEvent): { readonly parts: readonly Part[]; readonly share: number } {
  const { step, totalSteps, epoch, epochs, loss, samplesPerSecond, dataWaitShare, secondsLeft } = event;
  const counted = `${step}`.padStart(`${totalSteps}`.length);
  return {
    share: totalSteps > 0 ? step / totalSteps : 1,
    parts: [
      { text: `step ${counted}/${totalSteps}`, importance: 6 },
      { text: `epoch ${epoch + 1}/${epochs}`, importance: 2 },
      { text: `loss ${formatNumber(loss)}`, importance: 5 },
      { text: `${formatNumber(samplesPerSecond)} samples/s`, importance: 3 },
      { text: `data wait ${Math.round(dataWaitShare * 100)} %`, importance: 1 },
      { text: `${formatDuration(secondsLeft)} left`, importance: 4 },
    ],
  };
}

function phaseParts({ phase, detail, progress }: PhaseEvent): {
  readonly parts: readonly Part[];
  readonly share: number | null;
} {
  return { share: progress, parts: [{ text: detail === '' ? phase : `${phase}: ${detail}`, importance: 1 }] };
}

function leastImportant(parts: readonly Part[]): Part {
  return parts.reduce((least, part) => (part.importance < least.importance ? part : least));
}

function drawBar(share: number, width: number, color: boolean): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  const [done, rest] = ['█'.repeat(filled), '░'.repeat(width - filled)];
  return color ? `\u001b[36m${done}\u001b[90m${rest}\u001b[0m` : done + rest;
}
