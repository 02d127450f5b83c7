import { Parameter } from './parameter.ts';

/**
 * A part of a model: a class whose fields are parameters, modules, or arrays of modules. Field names are the official
 * checkpoint names (snake_case where the reference has it), so `parameters()` needs no table.
 */
export abstract class Module {
  /**
   * Every parameter under its full dotted name, e.g. `encoder.blocks.0.attn.qkv.weight`, in declaration order.
   * The order is that of the reference's state dict where the fields are declared in its order.
   */
  parameters(): ReadonlyMap<string, Parameter> {
    return new Map(walk(this, ''));
  }

  /** Disposes every parameter, and what its modules hold besides (a module that owns constants overrides this). */
  dispose(): void {
    for (const child of childrenOf(this)) child.value.dispose();
  }
}

function* walk(module: Module, prefix: string): Generator<[string, Parameter]> {
  for (const { name, value } of childrenOf(module)) {
    if (value instanceof Parameter) yield [prefix + name, value];
    else yield* walk(value, `${prefix}${name}.`);
  }
}

function* childrenOf(module: Module): Generator<{ readonly name: string; readonly value: Parameter | Module }> {
  for (const [name, value] of Object.entries(module)) {
    if (value instanceof Parameter || value instanceof Module) yield { name, value };
    else if (Array.isArray(value) && value.every((item) => item instanceof Module)) {
      for (const [index, item] of value.entries()) yield { name: `${name}.${index}`, value: item };
    }
  }
}
