/* The types of index.d.ts for CommonJS programs: require('quern'). */

import type * as quern from './index.js' with { 'resolution-mode': 'import' };

export type * from './index.js' with { 'resolution-mode': 'import' };

export declare const deleteModel: typeof quern.deleteModel;
export declare const deleteSession: typeof quern.deleteSession;
export declare const isQuernError: typeof quern.isQuernError;
export declare const isRequestError: typeof quern.isRequestError;
export declare const isSessionError: typeof quern.isSessionError;
export declare const isSourceError: typeof quern.isSourceError;
export declare const listModels: typeof quern.listModels;
export declare const listSessions: typeof quern.listSessions;
export declare const loadModel: typeof quern.loadModel;
export declare const persist: typeof quern.persist;
export declare const storageInfo: typeof quern.storageInfo;
