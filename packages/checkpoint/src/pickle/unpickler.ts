import type { Budget } from '../budget.ts';
import type { ByteCursor } from '../cursor.ts';
import { Op } from './opcodes.ts';
import { PickleError } from './pickle-error.ts';
import { PickleStack } from './stack.ts';
import { emptyDictionary, recordOf, type PickleDictionary, type PickleSequence, type PickleValue } from './values.ts';

/** What a pickle means beyond plain data. Whatever these do not know becomes an inert record. */
export interface PickleRules {
  /** The outcome of calling a class or function, or undefined where it is none that is known. */
  call(name: string, args: readonly PickleValue[]): PickleValue | undefined;
  /** What a persistent id refers to. */
  persistent(id: PickleValue): PickleValue;
}

/** Longest integer, in bytes. */
const MAX_INTEGER_BYTES = 32;

/** What values take in memory, about: with 8-byte words, and with the room to grow that lists have. */
const CONTAINER_COST = 160;
const ITEM_COST = 16;
const MEMO_COST = 40;
const SCALAR_COST = 24;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Reads one pickle. Bounded in memory by the budget, in time by the bytes, and free of recursion.
 *
 * @param cursor stands at the pickle's first byte, and behind its last one afterwards
 * @throws PickleError when it breaks the format, EndOfBytes when the bytes end first, CheckpointError over the budget
 */
export function unpickle(cursor: ByteCursor, rules: PickleRules, budget: Budget): PickleValue {
  return new Unpickler(cursor, rules, budget).run();
}

class Unpickler {
  readonly #cursor: ByteCursor;
  readonly #rules: PickleRules;
  readonly #budget: Budget;
  readonly #stack = new PickleStack();
  readonly #memo = new Map<number, PickleValue>();

  constructor(cursor: ByteCursor, rules: PickleRules, budget: Budget) {
    this.#cursor = cursor;
    this.#rules = rules;
    this.#budget = budget;
  }

  run(): PickleValue {
    for (;;) {
      const op = this.#cursor.uint8();
      if (op === Op.STOP) break;
      if (!this.#scalar(op) && !this.#container(op) && !this.#reference(op) && !this.#construction(op)) {
        throw new PickleError(`opcode 0x${op.toString(16)} at byte ${this.#cursor.position - 1} is not supported`);
      }
    }
    const value = this.#stack.pop();
    if (!this.#stack.isEmpty) throw new PickleError('values are left over at the end of its pickle');
    return value;
  }

  /** Numbers, strings, bytes and what frames them. */
  #scalar(op: number): boolean {
    const cursor = this.#cursor;
    switch (op) {
      case Op.PROTO:
        if (cursor.uint8() > 5) throw new PickleError('its pickle protocol is newer than 5');
        return true;
      case Op.FRAME:
        cursor.uint64();
        return true;
      case Op.NONE:
        return this.#stack.push(null);
      case Op.NEWTRUE:
        return this.#stack.push(true);
      case Op.NEWFALSE:
        return this.#stack.push(false);
      case Op.BININT:
        return this.#stack.push(cursor.int32());
      case Op.BININT1:
        return this.#stack.push(cursor.uint8());
      case Op.BININT2:
        return this.#stack.push(cursor.uint16());
      case Op.INT:
        return this.#stack.push(integerOfText(this.#text(cursor.line())));
      case Op.LONG1:
        return this.#pushInteger(cursor.uint8());
      case Op.LONG4:
        return this.#pushInteger(cursor.uint32());
      case Op.BINFLOAT:
        this.#budget.spend(SCALAR_COST);
        return this.#stack.push(cursor.bigEndianFloat64());
      case Op.SHORT_BINSTRING:
      case Op.SHORT_BINUNICODE:
        return this.#stack.push(this.#text(cursor.bytes(cursor.uint8())));
      case Op.BINSTRING:
      case Op.BINUNICODE:
        return this.#stack.push(this.#text(cursor.bytes(cursor.uint32())));
      case Op.BINUNICODE8:
        return this.#stack.push(this.#text(cursor.bytes(cursor.uint64())));
      case Op.SHORT_BINBYTES:
        return this.#pushBytes(cursor.uint8());
      case Op.BINBYTES:
        return this.#pushBytes(cursor.uint32());
      case Op.BINBYTES8:
      case Op.BYTEARRAY8:
        return this.#pushBytes(cursor.uint64());
      default:
        return false;
    }
  }

  /** Tuples, lists, sets, dictionaries and what fills them. */
  #container(op: number): boolean {
    switch (op) {
      case Op.MARK:
        return this.#stack.mark();
      case Op.EMPTY_TUPLE:
        return this.#pushSequence('tuple', []);
      case Op.EMPTY_LIST:
        return this.#pushSequence('list', []);
      case Op.EMPTY_SET:
        return this.#pushSequence('set', []);
      case Op.EMPTY_DICT:
        this.#budget.spend(2 * CONTAINER_COST);
        return this.#stack.push(emptyDictionary());
      case Op.TUPLE:
        return this.#pushSequence('tuple', this.#stack.popToMark());
      case Op.LIST:
        return this.#pushSequence('list', this.#stack.popToMark());
      case Op.FROZENSET:
        return this.#pushSequence('set', this.#stack.popToMark());
      case Op.TUPLE1:
        return this.#pushSequence('tuple', this.#stack.popMany(1));
      case Op.TUPLE2:
        return this.#pushSequence('tuple', this.#stack.popMany(2));
      case Op.TUPLE3:
        return this.#pushSequence('tuple', this.#stack.popMany(3));
      case Op.APPEND:
        return this.#append(this.#stack.popMany(1));
      case Op.APPENDS:
      case Op.ADDITEMS:
        return this.#append(this.#stack.popToMark());
      case Op.SETITEM:
        return this.#setItems(this.#stack.popMany(2));
      case Op.SETITEMS:
        return this.#setItems(this.#stack.popToMark());
      default:
        return false;
    }
  }

  /** The stack and the memo. */
  #reference(op: number): boolean {
    const cursor = this.#cursor;
    switch (op) {
      case Op.POP:
        return this.#stack.discard();
      case Op.POP_MARK:
        this.#stack.popToMark();
        return true;
      case Op.DUP:
        return this.#stack.push(this.#stack.top());
      case Op.BINGET:
        return this.#stack.push(this.#recall(cursor.uint8()));
      case Op.LONG_BINGET:
        return this.#stack.push(this.#recall(cursor.uint32()));
      case Op.BINPUT:
        return this.#memorize(cursor.uint8());
      case Op.LONG_BINPUT:
        return this.#memorize(cursor.uint32());
      case Op.MEMOIZE:
        return this.#memorize(this.#memo.size);
      default:
        return false;
    }
  }

  /** Classes, calls and their state. */
  #construction(op: number): boolean {
    switch (op) {
      case Op.GLOBAL: {
        const module = this.#text(this.#cursor.line());
        return this.#pushClass(module, this.#text(this.#cursor.line()));
      }
      case Op.STACK_GLOBAL: {
        const [module, name] = this.#stack.popMany(2);
        if (typeof module !== 'string' || typeof name !== 'string') throw new PickleError('a class has no name');
        return this.#pushClass(module, name);
      }
      case Op.REDUCE:
      case Op.NEWOBJ: {
        const [callee, args] = this.#stack.popMany(2);
        return this.#call(callee, args);
      }
      case Op.NEWOBJ_EX: {
        const [callee, args] = this.#stack.popMany(3);
        return this.#call(callee, args);
      }
      case Op.BUILD: {
        const state = this.#stack.pop();
        const built = recordOf(this.#stack.top());
        if (built?.kind === 'object') built.state = state;
        // An OrderedDict's attributes (the `_metadata` of a state dict) and a parameter's say nothing about tensors.
        else if (built?.kind !== 'dictionary' && built?.kind !== 'tensor') {
          throw new PickleError('plain data is given the state of an object');
        }
        return true;
      }
      case Op.BINPERSID:
        this.#budget.spend(CONTAINER_COST);
        return this.#stack.push(this.#rules.persistent(this.#stack.pop()));
      default:
        return false;
    }
  }

  #text(bytes: Uint8Array): string {
    this.#budget.spend(SCALAR_COST + 2 * bytes.length);
    return utf8.decode(bytes);
  }

  #pushBytes(length: number): true {
    this.#budget.spend(CONTAINER_COST);
    return this.#stack.push(this.#cursor.bytes(length));
  }

  #pushInteger(length: number): true {
    if (length > MAX_INTEGER_BYTES) throw new PickleError(`an integer has ${length} bytes`);
    // with the shorter ones that it is put together from
    this.#budget.spend(SCALAR_COST + 8 * length);
    return this.#stack.push(integerOfBytes(this.#cursor.bytes(length)));
  }

  #pushSequence(kind: PickleSequence['kind'], items: PickleValue[]): true {
    this.#budget.spend(CONTAINER_COST + ITEM_COST * items.length);
    return this.#stack.push({ kind, items });
  }

  #pushClass(module: string, name: string): true {
    this.#budget.spend(CONTAINER_COST);
    return this.#stack.push({ kind: 'class', name: `${module}.${name}` });
  }

  #append(items: readonly PickleValue[]): true {
    const list = recordOf(this.#stack.top());
    // What an unknown object collects is of no use.
    if (list?.kind === 'object') return true;
    if (list?.kind !== 'list' && list?.kind !== 'set') throw new PickleError('its pickle appends to what is no list');
    this.#budget.spend(ITEM_COST * items.length);
    for (const item of items) list.items.push(item);
    return true;
  }

  #setItems(items: readonly PickleValue[]): true {
    const target = recordOf(this.#stack.top());
    const dictionary = target?.kind === 'object' ? target.entries : target;
    if (dictionary?.kind !== 'dictionary') throw new PickleError('its pickle sets entries of what is no dictionary');
    if (items.length % 2 !== 0) throw new PickleError('its pickle sets a key without a value');
    this.#budget.spend(ITEM_COST * items.length);
    assign(dictionary, items);
    return true;
  }

  #memorize(index: number): true {
    // Picklers count up. An index beyond the pickle's bytes is made to fill tables.
    if (index > this.#cursor.length) throw new PickleError(`its pickle remembers a value under ${index}`);
    this.#budget.spend(MEMO_COST);
    this.#memo.set(index, this.#stack.top());
    return true;
  }

  #recall(index: number): PickleValue {
    const value = this.#memo.get(index);
    if (value === undefined) throw new PickleError(`its pickle recalls value ${index}, which it never remembered`);
    return value;
  }

  #call(callee: PickleValue | undefined, args: PickleValue | undefined): true {
    const called = recordOf(callee);
    const given = recordOf(args);
    if (called?.kind !== 'class') throw new PickleError('its pickle calls what is no class or function');
    if (given?.kind !== 'tuple') throw new PickleError('its pickle calls with what is no tuple of arguments');
    this.#budget.spend(3 * CONTAINER_COST);
    const outcome = this.#rules.call(called.name, given.items);
    return this.#stack.push(
      outcome ?? { kind: 'object', className: called.name, state: null, entries: emptyDictionary() },
    );
  }
}

function assign(dictionary: PickleDictionary, items: readonly PickleValue[]): void {
  items.forEach((item, i) => (i % 2 === 0 ? dictionary.keys : dictionary.values).push(item));
}

/** Little-endian two's complement: a number where it is exact, else a bigint. */
function integerOfBytes(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  const signed = BigInt.asIntN(8 * bytes.length, value);
  const number = Number(signed);
  return Number.isSafeInteger(number) ? number : signed;
}

/** Protocol 1 writes booleans as `00` and `01`, and other integers as decimal digits. */
function integerOfText(text: string): number | boolean {
  if (text === '00') return false;
  if (text === '01') return true;
  if (!/^-?\d{1,15}$/.test(text)) throw new PickleError('an integer is not written as one');
  return Number(text);
}
