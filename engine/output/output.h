/* engine/output: what a model has written, as reasoning, text and calls of tools.
 *
 * A format (format.h) says how a model marks these parts. It is found by rendering the model's chat template with
 * conversations whose names and values are known, and by comparing the results (probe.h). A parser (parser.h) reads a
 * model's output in pieces of any size and turns it into events.
 *
 *     marker.h    texts that are searched for in the output, and how they match
 *     format.h    the markers of a model's format
 *     probe.h     finds them
 *     json_scan.h follows a JSON text byte by byte
 *     literal.h   translates arguments written in Python's syntax, or Gemma's, into JSON
 *     parser.h    output in, events out
 *
 * Templates and output may be hostile. No output is an error: what is not a valid call stays text.
 *
 * This folder knows nothing about tokenizers, models or sessions. */
#ifndef ENGINE_OUTPUT_OUTPUT_H
#define ENGINE_OUTPUT_OUTPUT_H

#include "engine/output/parser.h"
#include "engine/output/probe.h"

#endif
