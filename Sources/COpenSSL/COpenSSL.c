#include "COpenSSL.h"

#include <openssl/ec.h>
#include <string.h>
#include <time.h>

long cossl_bio_bytes(BIO *bio, const unsigned char **bytes) {
    char *data = NULL;
    long count = BIO_get_mem_data(bio, &data);
    *bytes = (const unsigned char *)data;
    return count;
}

EVP_PKEY *cossl_generate_p256(void) { return EVP_EC_gen("P-256"); }

int cossl_is_p256(EVP_PKEY *key) {
    char group[64] = "";
    size_t length = 0;
    if (!EVP_PKEY_is_a(key, "EC") || !EVP_PKEY_get_group_name(key, group, sizeof group, &length)) return 0;
    return strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0;
}

long cossl_next_error(char *text, size_t count) {
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    if (!code) return 0;
    if (reason) {
        strncpy(text, reason, count - 1);
        text[count - 1] = 0;
    } else {
        ERR_error_string_n(code, text, count);
    }
    return (long)code;
}

STACK_OF(X509) *cossl_certificates_new(void) { return sk_X509_new_null(); }
int cossl_certificates_push(STACK_OF(X509) *stack, X509 *certificate) {
    if (!X509_up_ref(certificate)) return 0;
    if (sk_X509_push(stack, certificate) > 0) return 1;
    X509_free(certificate);
    return 0;
}
void cossl_certificates_free(STACK_OF(X509) *stack) { sk_X509_pop_free(stack, X509_free); }

GENERAL_NAMES *cossl_names(const X509 *certificate) { return X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL); }
int cossl_names_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

const unsigned char *cossl_names_text(const GENERAL_NAMES *names, int index, int type, int *length) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    if (!name || name->type != type || (type != GEN_URI && type != GEN_DNS)) return NULL;
    *length = ASN1_STRING_length(name->d.ia5);
    return ASN1_STRING_get0_data(name->d.ia5);
}

GENERAL_NAMES *cossl_names_new(void) { return GENERAL_NAMES_new(); }
void cossl_names_free(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }

static int names_push(GENERAL_NAMES *names, int type, ASN1_STRING *value) {
    GENERAL_NAME *name = value ? GENERAL_NAME_new() : NULL;
    if (!name) {
        ASN1_STRING_free(value);
        return 0;
    }
    GENERAL_NAME_set0_value(name, type, value);
    if (sk_GENERAL_NAME_push(names, name) > 0) return 1;
    GENERAL_NAME_free(name);
    return 0;
}

int cossl_names_add_text(GENERAL_NAMES *names, int type, const char *text, int length) {
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();
    if (!value || !ASN1_STRING_set(value, text, length)) {
        ASN1_IA5STRING_free(value);
        return 0;
    }
    return names_push(names, type, value);
}

int cossl_names_add_address(GENERAL_NAMES *names, const char *address) { return names_push(names, GEN_IPADD, a2i_IPADDRESS(address)); }

int cossl_names_to_certificate(GENERAL_NAMES *names, X509 *certificate) {
    return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
}

int cossl_names_to_request(GENERAL_NAMES *names, X509_REQ *request) {
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    int done = X509V3_add1_i2d(&extensions, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1 &&
               X509_REQ_add_extensions(request, extensions) == 1;
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return done;
}

int cossl_add_server_extensions(X509 *certificate) {
    static const struct {
        int nid;
        const char *value;
    } wanted[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, wanted[i].nid, wanted[i].value);
        int done = extension && X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
        if (!done) return 0;
    }
    return 1;
}

int cossl_time(const ASN1_TIME *time, int64_t *seconds) {
    struct tm parts;
    if (!time || !ASN1_TIME_to_tm(time, &parts)) return 0;
    *seconds = (int64_t)timegm(&parts);
    return 1;
}

int cossl_verify(X509 *leaf, STACK_OF(X509) *intermediates, STACK_OF(X509) *roots, int64_t at, int *depth) {
    int result = X509_V_ERR_UNSPECIFIED;
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    *depth = 0;
    if (store && context && X509_STORE_CTX_init(context, store, leaf, intermediates)) {
        X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
        X509_STORE_CTX_set0_trusted_stack(context, roots);
        X509_VERIFY_PARAM_set_time(parameters, (time_t)at);
        X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY);
        X509_VERIFY_PARAM_set_auth_level(parameters, 1);
        result = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
        *depth = X509_STORE_CTX_get_error_depth(context);
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return result;
}

CMS_ContentInfo *cossl_seal(const unsigned char *bytes, int count, X509 *recipient) {
    const unsigned int flags = CMS_BINARY | CMS_PARTIAL;
    BIO *input = BIO_new_mem_buf(bytes, count);
    CMS_ContentInfo *cms = input ? CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), flags) : NULL;
    CMS_RecipientInfo *info = cms ? CMS_add1_recipient_cert(cms, recipient, flags | CMS_KEY_PARAM) : NULL;
    EVP_PKEY_CTX *parameters = info ? CMS_RecipientInfo_get0_pkey_ctx(info) : NULL;
    int done = parameters && EVP_PKEY_CTX_set_ecdh_kdf_md(parameters, EVP_sha256()) > 0 && CMS_final(cms, input, NULL, flags) == 1;
    BIO_free(input);
    if (done) return cms;
    CMS_ContentInfo_free(cms);
    return NULL;
}

int cossl_write_cms(BIO *bio, CMS_ContentInfo *message) { return PEM_write_bio_CMS_stream(bio, message, NULL, 0) == 1; }
CMS_ContentInfo *cossl_read_cms(BIO *bio) {
    return PEM_ASN1_read_bio((d2i_of_void *)d2i_CMS_ContentInfo, PEM_STRING_CMS, bio, NULL, NULL, NULL);
}
