export type { Addition, Availability, EngineOptions } from './candidate.ts';
export { DeviceError } from './device-error.ts';
export { pickedLine, type CandidateReport, type LoadedEngine, type LoadOptions, type Picked } from './pick.ts';
