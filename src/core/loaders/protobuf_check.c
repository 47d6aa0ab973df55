/* Looking over a protobuf message before protobuf-c unpacks it, because unpacking is recursive.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "loaders/protobuf_check.h"

#define MAX_MESSAGES (64u << 20)

typedef struct {
  const guint8 *at, *end;
} Reader;

static gboolean
read_varint (Reader *reader, guint64 *value)
{
  *value = 0;
  for (guint shift = 0; shift < 64; shift += 7) {
    if (reader->at == reader->end)
      return FALSE;
    guint8 byte = *reader->at++;
    *value |= (guint64) (byte & 0x7f) << shift;
    if ((byte & 0x80) == 0)
      return TRUE;
  }
  return FALSE;
}

static const ProtobufCMessageDescriptor *
submessage (const ProtobufCMessageDescriptor *type, guint64 field)
{
  const ProtobufCFieldDescriptor *descriptor =
    field <= G_MAXUINT32 ? protobuf_c_message_descriptor_get_field (type, (unsigned) field) : NULL;

  return descriptor != NULL && descriptor->type == PROTOBUF_C_TYPE_MESSAGE ? descriptor->descriptor
                                                                           : NULL;
}

static gboolean
check (const ProtobufCMessageDescriptor *type, Reader reader, guint depth, guint *n, GError **error)
{
  if (depth > BS_PROTOBUF_MAX_DEPTH || ++*n > MAX_MESSAGES) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE,
                 depth > BS_PROTOBUF_MAX_DEPTH ? "its parts are nested too deeply"
                                               : "it has too many parts");
    return FALSE;
  }
  while (reader.at < reader.end) {
    guint64 key, length = 0;
    gboolean whole = read_varint (&reader, &key) && key >> 3 != 0;
    const ProtobufCMessageDescriptor *inner;
    switch (key & 7) {
    case 0:
      whole = whole && read_varint (&reader, &length);
      length = 0;
      break;
    case 1:
      length = 8;
      break;
    case 2:
      whole = whole && read_varint (&reader, &length);
      break;
    case 5:
      length = 4;
      break;
    default:
      whole = FALSE;
    }
    if (!whole || length > (guint64) (reader.end - reader.at)) {
      g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "it is cut off or damaged");
      return FALSE;
    }
    inner = (key & 7) == 2 ? submessage (type, key >> 3) : NULL;
    if (inner != NULL &&
        !check (inner, (Reader){ reader.at, reader.at + length }, depth + 1, n, error))
      return FALSE;
    reader.at += length;
  }
  return TRUE;
}

gboolean
bs_protobuf_check (const ProtobufCMessageDescriptor *type,
                   const guint8 *data,
                   gsize size,
                   GError **error)
{
  guint n = 0;

  return check (type, (Reader){ data, data + size }, 1, &n, error);
}
