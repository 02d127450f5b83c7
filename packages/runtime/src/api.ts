export type { Addition, Availability, EngineOptions } from './candidate.ts';
export { DeviceError } from './device-error.ts';
export { joinCollective, LaunchError, membershipFromEnvironment } from './membership.ts';
export { pickedLine, type CandidateReport, type LoadedEngine, type LoadOptions, type Picked } from './pick.ts';
