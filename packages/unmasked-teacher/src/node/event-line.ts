/** A plain event as a line of JSON under the time it was written; numbers that JSON cannot hold become words. */
export function eventLine<Event extends { readonly type: string }>(event: Event): string {
  const line = JSON.stringify({ time: new Date().toISOString(), ...event }, (_key, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
  return `${line}\n`;
}
