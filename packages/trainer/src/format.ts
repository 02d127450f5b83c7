/** `0.1234`, `12.34`, `1.2e-5`: four digits that mean something. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(1).replace('e+', 'e');
  const decimals = size < 1 ? 4 : Math.max(0, 3 - Math.floor(Math.log10(size)));
  return value.toFixed(decimals);
}

/** A span of time: `8 s`, `1:05`, `2:03:04`, `3 d 4 h`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const pad = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${pad(whole % 60)}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}:${pad(minutes % 60)}:${pad(whole % 60)}`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A size: `812 B`, `12.3 MB`, in powers of 1000. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0)} ${units[unit]}`;
}

/** A number of things: `86.0 M`, `1.21 k`, `17`. */
export function formatCount(count: number): string {
  const [size, unit] = count >= 1e9 ? [count / 1e9, ' G'] : count >= 1e6 ? [count / 1e6, ' M'] : [count / 1e3, ' k'];
  return count < 1000 ? String(count) : `${size.toFixed(size < 10 ? 2 : 1)}${unit}`;
}
