/*
 * Publishes each line of standard input, "topic payload", and waits until all are delivered as their QoS says.
 *
 *     paho-publish URI VERSION QOS CA_FILE      URI is tcp://, ssl://, ws:// or wss://; VERSION is 4 (3.1.1) or 5;
 *                                               CA_FILE may be empty
 */
#include <MQTTClient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES_MAX 65536
#define PUBLISHES_MAX 1000
#define DELIVERY_MS_MAX 30000

static void check(int code, const char *what)
{
    if (code == MQTTCLIENT_SUCCESS)
        return;
    fprintf(stderr, "%s: %d\n", what, code);
    exit(1);
}

static int reason(MQTTResponse response)
{
    int code = response.reasonCode;

    MQTTResponse_free(response);
    return code;
}

int main(int argc, char **argv)
{
    static char line[LINE_BYTES_MAX];
    static MQTTClient_deliveryToken tokens[PUBLISHES_MAX];
    char client_id[32];
    int published = 0;
    int is5, qos;
    MQTTClient client;
    MQTTClient_createOptions create = MQTTClient_createOptions_initializer;
    MQTTClient_connectOptions connect = MQTTClient_connectOptions_initializer;
    MQTTClient_connectOptions connect5 = MQTTClient_connectOptions_initializer5;
    MQTTClient_SSLOptions ssl = MQTTClient_SSLOptions_initializer;

    if (argc != 5)
        return 2;
    is5 = strcmp(argv[2], "5") == 0;
    qos = atoi(argv[3]);
    if (is5)
        connect = connect5;
    /* Several in flight. */
    connect.reliable = 0;
    if (argv[4][0] != '\0') {
        ssl.trustStore = argv[4];
        ssl.verify = 1;
        connect.ssl = &ssl;
    }
    create.MQTTVersion = is5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
    snprintf(client_id, sizeof client_id, "paho-c-%s-%d", argv[2], qos);
    check(MQTTClient_createWithOptions(&client, argv[1], client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &create),
          "create");
    check(is5 ? reason(MQTTClient_connect5(client, &connect, NULL, NULL)) : MQTTClient_connect(client, &connect),
          "connect");
    while (fgets(line, sizeof line, stdin) != NULL) {
        MQTTClient_deliveryToken *token = &tokens[published];
        char *payload = strchr(line, ' ');
        int bytes;

        if (payload == NULL || published++ == PUBLISHES_MAX)
            return 2;
        *payload++ = '\0';
        bytes = (int)strcspn(payload, "\n");
        check(is5 ? reason(MQTTClient_publish5(client, line, bytes, payload, qos, 0, NULL, token))
                  : MQTTClient_publish(client, line, bytes, payload, qos, 0, token),
              "publish");
    }
    for (int i = 0; i < published; i++)
        check(MQTTClient_waitForCompletion(client, tokens[i], DELIVERY_MS_MAX), "delivery");
    check(is5 ? MQTTClient_disconnect5(client, 1000, 0, NULL) : MQTTClient_disconnect(client, 1000), "disconnect");
    MQTTClient_destroy(&client);
    return 0;
}
