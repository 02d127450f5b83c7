export { Parameter } from './parameter.ts';
export { Module } from './module.ts';
