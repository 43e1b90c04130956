/* The types of engine.d.ts for CommonJS programs: require('quern/engine'). */

import type * as engine from './engine.js' with { 'resolution-mode': 'import' };

export type * from './engine.js' with { 'resolution-mode': 'import' };

export declare const LOGITS_ALL: typeof engine.LOGITS_ALL;
export declare const LOGITS_LAST: typeof engine.LOGITS_LAST;
export declare const LOGITS_NONE: typeof engine.LOGITS_NONE;
export declare const POOLINGS: typeof engine.POOLINGS;

export declare const Engine: typeof engine.Engine;
export type Engine = engine.Engine;
export declare const Grammar: typeof engine.Grammar;
export type Grammar = engine.Grammar;
export declare const Model: typeof engine.Model;
export type Model = engine.Model;
export declare const Format: typeof engine.Format;
export type Format = engine.Format;
export declare const Output: typeof engine.Output;
export type Output = engine.Output;
export declare const Prompt: typeof engine.Prompt;
export type Prompt = engine.Prompt;
export declare const QuernError: typeof engine.QuernError;
export type QuernError = engine.QuernError;
export declare const Session: typeof engine.Session;
export type Session = engine.Session;
export declare const StreamDecoder: typeof engine.StreamDecoder;
export type StreamDecoder = engine.StreamDecoder;
