/* The chat templates of a model. */
#ifndef ENGINE_MODEL_PROMPT_H
#define ENGINE_MODEL_PROMPT_H

#include "engine/model/model.h"
#include "engine/text/template/template.h"

/* Finds the file's templates. Some files have only named ones. Errors are recorded: QN_ERR_TEMPLATE if there is none,
 * QN_ERR_FORMAT. */
int prompt_templates(const struct qn_model *model, struct template_texts *texts);
/* The tokens that templates may name; false if the model has no vocabulary. */
bool prompt_tokens_of(const struct qn_model *model, struct template_tokens *tokens);

#endif
